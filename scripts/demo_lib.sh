# shellcheck shell=bash
# What the demos share: the image, a registry that counts what it sends, figures as text. Source after lib.sh.
#
# HERMES_DEMO_IMAGE=REFERENCE    an image of your own (copied to the demo's registry with skopeo) ...
# HERMES_DEMO_COMMAND=COMMAND    ... and the command to run in it; default: python3 with a few imports

# demo_image_pushed: the image in a registry on loopback, in $work. Sets image, command, image_size and layers.
demo_image_pushed() {
    local layout=
    if [[ -n ${HERMES_DEMO_IMAGE:-} ]]; then
        command=${HERMES_DEMO_COMMAND:-python3 -c "'import json, ssl, sqlite3, decimal, asyncio; print(ssl.OPENSSL_VERSION)'"}
    else
        layout=$("$HERMES_ROOT/scripts/demo_image.sh")
        command=${HERMES_DEMO_COMMAND:-python3 /app/report.py}
    fi
    registry_start "$work/registry"
    image=$REGISTRY/demo/python:latest
    say "pushing the image to $REGISTRY"
    if [[ -n $layout ]]; then
        push_layout "$layout:latest" demo/python:latest
    else
        skopeo copy -q --dest-tls-verify=false "docker://$HERMES_DEMO_IMAGE" "docker://$image"
    fi
    image_size=$(skopeo inspect --raw --tls-verify=false "docker://$image" | jq '[.layers[].size] | add')
    layers=$(skopeo inspect --raw --tls-verify=false "docker://$image" | jq '.layers | length')
}

# sent_total: bytes that the registry has sent, by its own log. bytes_sent: those since $sent_before.
sent_total() { awk '/msg="response completed"/ && match($0, /response.written=[0-9]+/) {
    sum += substr($0, RSTART + 17, RLENGTH - 17) } END {print sum + 0}' "$REGISTRY_LOG"; }
bytes_sent() { echo $(($(sent_total) - sent_before)); }

seconds() { awk -v ms="$1" 'BEGIN {printf "%.2f s", ms / 1000}'; }
megabytes() { awk -v bytes="$1" 'BEGIN {printf "%.1f MB", bytes / 1e6}'; }
percent() { awk -v part="$1" -v whole="$2" 'BEGIN {printf "%.2f %%", 100 * part / whole}'; }
row() { printf '  %-26s %16s %22s\n' "$@"; }
