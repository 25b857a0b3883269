# shellcheck shell=bash
# What the demos share: the image, a registry that counts what it sends, figures as text. Source after lib.sh.
#
# HERMES_DEMO_IMAGE=REFERENCE    an image of your own, or oci:FOLDER:TAG (copied to the demo's registry with skopeo) ...
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
        local source=docker://$HERMES_DEMO_IMAGE
        [[ $HERMES_DEMO_IMAGE != oci:* ]] || source=$HERMES_DEMO_IMAGE
        skopeo copy -q --dest-tls-verify=false "$source" "docker://$image"
    fi
    image_size=$(skopeo inspect --raw --tls-verify=false "docker://$image" | jq '[.layers[].size] | add')
    layers=$(skopeo inspect --raw --tls-verify=false "docker://$image" | jq '.layers | length')
}

# demo_pause_pushed: the image of the sandbox that each pod has, busybox that sleeps, in the same registry. Sets pause.
demo_pause_pushed() {
    mkdir -p "$work/pause/bin"
    cp /bin/busybox "$work/pause/bin/busybox"
    quietly python3 "$HERMES_ROOT/scripts/oci_layout.py" "$work/pause-image" "$work/pause"
    quietly umoci config --image "$work/pause-image:latest" --config.entrypoint /bin/busybox --config.cmd sleep --config.cmd 1000000
    push_layout "$work/pause-image:latest" demo/pause:latest
    pause=$REGISTRY/demo/pause:latest
}

# demo_daemon_start OPTION...: hermes daemon with its state in $work, until it answers on $work/hermes.sock. Sets daemon_pid.
demo_daemon_start() {
    "$hermes" daemon --root "$work/hermes" --address "$work/hermes.sock" "$@" 2>"$work/daemon.log" &
    daemon_pid=$!
    # What the daemon leaves to its holder while images are shown.
    on_exit unmount_held "$work/hermes/images"
    on_exit stop_process "$daemon_pid"
    wait_until 20 demo_daemon_settled || true
    ! process_gone "$daemon_pid" || die "hermes daemon ended: $(tail -n 1 "$work/daemon.log")"
}
demo_daemon_settled() { [[ -S $work/hermes.sock ]] || process_gone "$daemon_pid"; }

# demo_was_lazy: ends the demo where the image was pulled.
demo_was_lazy() {
    grep -q 'an image is shown lazily.*demo/python' "$work/daemon.log" || {
        tail -n 5 "$work/daemon.log" >&2
        die "the image was not shown lazily; the daemon waits for 2 seconds, which a busy machine may not keep to"
    }
}

# sent_total: bytes that the registry has sent, by its own log. bytes_sent: those since $sent_before.
sent_total() { awk '/msg="response completed"/ && match($0, /response.written=[0-9]+/) {
    sum += substr($0, RSTART + 17, RLENGTH - 17) } END {printf "%.0f\n", sum}' "$REGISTRY_LOG"; }
bytes_sent() { echo $(($(sent_total) - sent_before)); }

seconds() { awk -v ms="$1" 'BEGIN {printf "%.2f s", ms / 1000}'; }
megabytes() { awk -v bytes="$1" 'BEGIN {printf "%.1f MB", bytes / 1e6}'; }
percent() { awk -v part="$1" -v whole="$2" 'BEGIN {printf "%.2f %%", 100 * part / whole}'; }
row() { printf '  %-26s %16s %22s\n' "$@"; }
