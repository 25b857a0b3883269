#!/usr/bin/env bash
# The daemon takes indexes from a controller: a stand-in that answers, lies, fails or hangs. A pull is never stopped by it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"

CONFIG=$shared/config.toml
MODE=$shared/mode
PAUSE=$REGISTRY/test/pause:latest

lazy_rows() { row_count lazy; }
says() { cri run "$1" "$2" /bin/busybox sh -c "$3"; }
forget() {
    cri rmi "$IMAGE"
    wait_until 60 nothing_lazy
    # What the cache knows of an image comes before the controller.
    rm -rf "$ROOT/cache/images"
    mkdir -m 700 "$ROOT/cache/images"
}
nothing_lazy() { (($(lazy_rows) == 0)); }

# is_lazy [MODE]: the image starts lazily.
is_lazy() {
    echo "${1:-good}" >"$MODE"
    cri pull "$IMAGE"
    (($(lazy_rows) == 3))
    [[ $(says good "$IMAGE" 'cat /data/third') == third ]]
    forget
}
# is_pulled MODE: an ordinary pull, in a bounded time, of an image that runs.
is_pulled() {
    echo "$1" >"$MODE"
    (($(cri pull "$IMAGE") < 30000))
    (($(lazy_rows) == 0))
    [[ $(says "$1" "$IMAGE" 'cat /data/third') == third ]]
    cri rmi "$IMAGE"
    # The image is asked for anew when its minute is over, or by another daemon.
    daemon_gone TERM
    daemon_up
    wait_until 20 ctr_ -n k8s.io snapshots --snapshotter hermes ls
}

quietly make_images
# In a layout alone, where no referrer leads to it: the image's, and before it that of another.
quietly index_build --output "$shared/index" "$REGISTRY/test/other:latest"
quietly index_build --output "$shared/index" "$IMAGE"
echo good >"$MODE"
python3 "$HERE/controller.py" "$shared/index" "$MODE" "$shared/port" >"$shared/compressed" 2>"$shared/controller.log" &
on_exit stop_process $!
wait_until 20 test -s "$shared/port"
cat >"$CONFIG" <<TOML
[external_artifact_store]
enable = true
endpoint = "http://127.0.0.1:$(cat "$shared/port")"
TOML
DAEMON_OPTIONS=(--config "$CONFIG")
daemon_up
on_exit daemon_end
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"

check "an image whose index the controller has starts lazily" is_lazy
check "its zTOCs came compressed" grep -q compressed "$shared/compressed"
check "a controller that does not compress will do" is_lazy plain
for mode in missing error garbage other wrong hang; do
    check "a controller's answer \"$mode\" leaves the image to containerd" is_pulled "$mode"
done
check "a controller that is well again is asked again" is_lazy
check_summary "$(basename "$0" .sh)"
