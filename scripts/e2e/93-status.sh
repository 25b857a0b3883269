#!/usr/bin/env bash
# What operators see of a daemon that serves a real containerd: metrics and readiness over HTTP, and `hermes daemon status`.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"

READER=$HERMES_ROOT/Tests/HermesCoreTests/Fixtures/metrics-read.py
METRICS=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

get() { curl --silent --show-error --noproxy '*' --max-time 60 "http://$METRICS$1"; }
answers_with() { [[ $(curl -s --noproxy "*" --max-time 60 -o /dev/null -w "%{http_code}" "http://$METRICS$2") == "$1" ]]; }
# metrics FILE: all values as JSON, by a parser that takes nothing which breaks a rule of the format.
metrics() { get /metrics | python3 "$READER" >"$1"; }
value() { jq -er --arg name "$2" '.[$name]' "$1"; }
# status EXPRESSION: of the document.
status() { hermes daemon status --address "$SOCKET" --format json | jq -er "$1"; }

is_ready() {
    wait_until 20 answers_with 200 /readyz
    answers_with 200 /healthz
    answers_with 404 /other
    status '.ready and .version != "" and .uptimeSeconds >= 0'
}
tells_what_became_of_images() {
    cri pull "$IMAGE"
    cri pull "$PLAIN"
    [[ $(cri run first "$IMAGE" /bin/busybox cat /data/third) == third ]]
    wait_until 60 status '.images | length == 1 and .[0].verified'
    metrics "$shared/metrics"
    (($(value "$shared/metrics" 'hermes_daemon_pulls_total{result="lazy"}') == 1))
    (($(value "$shared/metrics" 'hermes_daemon_pulls_total{result="no_index"}') >= 1))
    (($(value "$shared/metrics" 'hermes_daemon_images{state="verified"}') == 1))
    (($(value "$shared/metrics" 'hermes_daemon_lazy_snapshots') == 3))
    (($(value "$shared/metrics" 'hermes_daemon_snapshots{kind="committed"}') >= 4))
    (($(value "$shared/metrics" 'hermes_daemon_calls_total{call="Prepare",code="already_exists"}') >= 3))
    (($(value "$shared/metrics" 'hermes_daemon_call_duration_seconds_count{call="Prepare"}') >= 4))
    (($(value "$shared/metrics" 'hermes_spans_total') > 0))
    [[ $(value "$shared/metrics" 'hermes_cache_ratio') == 1 ]]
    (($(value "$shared/metrics" 'hermes_daemon_cache_disk_bytes') > 5000000))
    (($(value "$shared/metrics" 'process_resident_memory_bytes') > 1000000))
}
says_it_in_json() {
    [[ $(status '.images[0].image') == "$IMAGE" ]]
    status '.images[0] | .layers == 3 and .complete and .presentPercent == 100 and .fetchedBytes > 0 and .parkedReads == 0'
    status '.images[0].manifest | test("^sha256:[0-9a-f]{64}$")'
    status ".left | map(select(.image == \"$PLAIN\")) | .[0] | .result == \"no_index\" and (.cause | length > 0) and .manifest != null"
    status ".left | all(.image != \"$IMAGE\")"
}
says_it_in_tables() {
    hermes daemon status --address "$SOCKET" >"$shared/table"
    cat "$shared/table"
    grep -q "^$IMAGE .* 3 .* 100.00 % .* verified " "$shared/table"
    grep -q "^$PLAIN .* no_index " "$shared/table"
}
is_for_its_owner() {
    [[ $(stat -c %a "$SOCKET.status") == 600 ]]
}
keeps_its_counters() {
    local before
    before=$(value "$shared/metrics" hermes_spans_total)
    cri rmp
    cri rmi "$IMAGE"
    wait_until 60 status '.images == []'
    wait_until 60 no_image_is_open
    metrics "$shared/later"
    [[ $(value "$shared/later" hermes_spans_total) == "$before" ]]
    [[ $(jq -c keys "$shared/later") == "$(jq -c keys "$shared/metrics")" ]]
}
no_image_is_open() { metrics "$shared/now" && [[ $(value "$shared/now" hermes_image_bytes) == 0 ]]; }
names_a_taken_address() {
    fails 69 "$HERMES" daemon --root "$shared/other" --address "$shared/other.sock" "${DAEMON_OPTIONS[@]}"
    grep -q "$METRICS.*metrics_address" <<<"$E2E_ERROR"
    [[ ! -e $shared/other.sock && ! -e $shared/other.sock.status ]]
}
outlives_strange_peers() {
    python3 - "$METRICS" "$SOCKET.status" <<'PYTHON'
import socket, sys
host, port = sys.argv[1].split(":")
silent = [socket.create_connection((host, port)) for _ in range(100)]
for text in (b"\0" * 100000, b"GET /metrics\r\n" * 5000, b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 100000, b"\r\n" * 50000):
    peer = socket.create_connection((host, port))
    try:
        peer.sendall(text)
        while peer.recv(65536):
            pass
    except OSError:
        pass
for _ in range(100):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(sys.argv[2])
PYTHON
    wait_until 30 answers_with 200 /readyz
    wait_until 30 status .ready
    ctr_ -n k8s.io snapshots --snapshotter hermes ls
}
# failing NAME: an image of one layer, a small file, 6 MiB, a small file, in the layout $shared/NAME, with its index in $shared/NAME-index.
failing() {
    mkdir "$shared/$1-tree"
    head -c 1000 /dev/urandom >"$shared/$1-tree/a-first"
    head -c 6291456 /dev/urandom >"$shared/$1-tree/data"
    echo "the last of $1" >"$shared/$1-tree/last"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$shared/$1" "$shared/$1-tree"
    "$HERE/push.py" "$shared/$1" "$REGISTRY" "test/$1" latest
    index_build --span-size 256KiB --push --output "$shared/$1-index" "$REGISTRY/test/$1:latest"
}
manifest() { jq -r '.manifests[0].digest' "$shared/$1/index.json"; }
folder() { echo "$ROOT/images/$(manifest "$1" | cut -d: -f2)"; }
# told NAME TEXT METRIC: the status gives TEXT as the image's last error, and METRIC has counted something.
told() {
    wait_until 30 status ".images[] | select(.image == \"$REGISTRY/test/$1:latest\") | .lastError.message | test(\"$2\")"
    metrics "$shared/told"
    (($(value "$shared/told" "$3") > 0))
    hermes daemon status --address "$SOCKET" | grep "^$REGISTRY/test/$1:latest: 20"
}
# logs TEXT NAME: a line of the log has TEXT and names the image.
logs() {
    wait_until 30 grep -q "$1.*image: $REGISTRY/test/$2[:@]" "$shared/daemon.log" || {
        grep "test/$2[:@]" "$shared/daemon.log"
        return 1
    }
}
tells_of_failed_reads() {
    failing gone
    local layer
    layer=$(jq -r '.layers[0].digest' "$shared/gone/blobs/sha256/$(manifest gone | cut -d: -f2)")
    rm -r "$E2E_WORK/registry/data/docker/registry/v2/repositories/test/gone/_layers/sha256/${layer#*:}"
    cri pull "$REGISTRY/test/gone:latest"
    not cat "$(folder gone)/data"
    logs 'read fails with EIO: ' gone
    told gone "has no" hermes_read_failures_total
    status ".images[] | select(.image == \"$REGISTRY/test/gone:latest\") | .failedReads > 0"
    cri rmi "$REGISTRY/test/gone:latest"
}
tells_of_a_full_cache() {
    failing full
    printf '[cache]\nsize = "1M"\n' >>"$shared/config.toml"
    kill -HUP "$(daemon_pid)"
    wait_until 30 grep -q 'a setting has changed.*key: cache.size' "$shared/daemon.log"
    cri pull "$REGISTRY/test/full:latest"
    logs 'the cache is full of layers in use.*the cache may take ' full
    told full 'the cache may take' hermes_cache_write_failures_total
    cmp "$(folder full)/data" "$shared/full-tree/data"
    sed -i '/cache/,$d' "$shared/config.toml"
    kill -HUP "$(daemon_pid)"
    logs 'the cache has room again' full
    cri rmi "$REGISTRY/test/full:latest"
}
tells_of_a_wrong_layer() {
    failing forged
    python3 "$HERE/forge_index.py" "$shared/forged-index" "$shared/forgery" 0 swapped
    "$HERE/push.py" "$shared/forgery" "$REGISTRY" test/forged none --referrer
    cri pull "$REGISTRY/test/forged:latest"
    logs 'the index describes other files.*data as the layer has it' forged
    told forged 'data as the layer has it' hermes_layer_verification_failures_total
    cri rmi "$REGISTRY/test/forged:latest"
}
comes_back() {
    daemon_gone "$1"
    fails 69 "$HERMES" daemon status --address "$SOCKET"
    daemon_up
    is_ready
}

printf 'metrics_address = "%s"\n' "$METRICS" >"$shared/config.toml"
DAEMON_OPTIONS=(--config "$shared/config.toml")
quietly make_images
PAUSE=$REGISTRY/test/pause:latest
quietly make_plain_image
quietly index_build --push --output "$shared/index" "$IMAGE"
daemon_up
on_exit daemon_end
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"

check "the daemon says when it is ready" is_ready
check "metrics tell what became of a lazy image and a plain one" tells_what_became_of_images
check "so does the status for programs" says_it_in_json
check "and for people" says_it_in_tables
check "only the owner can ask" is_for_its_owner
check "counters and values stay when an image goes" keeps_its_counters
check "a read that failed is told: status, metric, log" tells_of_failed_reads
check "so is a cache that is full" tells_of_a_full_cache
check "and a layer that is not what the index says" tells_of_a_wrong_layer
check "an address that is taken is named" names_a_taken_address
check "strange peers do no harm" outlives_strange_peers
check "all is there again after a restart" comes_back TERM
check "and after kill -9" comes_back KILL
check_summary "$(basename "$0" .sh)"
