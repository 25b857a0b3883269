#!/usr/bin/env bash
# hermes daemon outlives itself: the daemon and its holder are killed, and ended, while programs in containers of lazy images read
# under a real containerd, and nobody sees more than a wait.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"
. "$(dirname "$0")/containers.sh"

CRASHING=$REGISTRY/test/crashing:latest
KILLS=50
[[ -z ${HERMES_E2E_LONG:-} ]] || KILLS=1000

kills() {
    local number
    number=$(mount_number)
    readers_begin
    cri pull "$FILLED"
    local i
    for ((i = 0; i < KILLS; i++)); do
        doze 700
        daemon_gone KILL
        daemon_begin
        if ((i % 3 == 2)); then
            # In its start.
            doze 200
            daemon_gone KILL
            daemon_begin
        fi
        daemon_begun
    done
    readers_end
    # A process that is killed may not have written the last lines of its log, so these are not counted.
    grep -q 'took over the mount of lazy images' "$shared/daemon.log"
    [[ $(mount_number) == "$number" ]]
    [[ $(status | jq '.lost | length') == 0 ]]
    # These were kills of an operator's, and no crashes.
    not grep -q 'the daemon crashed' "$shared/daemon.log"
    connected
    sleeper "$FILLED" 3
    same_files "$shared/filled/rootfs" "$(inside 3)"
}
holder_then_daemon() {
    readers_begin
    local i killed
    for i in 1 2; do
        killed=$(holder)
        : >"$shared/daemon.log"
        kill -KILL "$killed"
        wait_until 60 grep -q 'the mount has another holder' "$shared/daemon.log"
        [[ $(holder) != "$killed" ]]
        daemon_gone KILL
        doze 300
        daemon_up
    done
    readers_end
}
term_then_start() {
    readers_begin
    local i
    for i in 1 2 3; do
        doze 500
        daemon_gone TERM
        is_mounted "$ROOT/images"
        doze 500
        daemon_up
    done
    readers_end
}
new_image_after_restart() {
    quietly make_plain_image
    index_build --push --output "$shared/plain-index" "$PLAIN"
    daemon_gone KILL
    daemon_up
    connected
    cri pull "$PLAIN"
    (($(row_count lazy) == 5))
    [[ $(cri run plain "$PLAIN" /bin/busybox cat /data/plain) == plain ]]
}
removal_frees_the_slot() {
    local slots
    slots=$(slot_count)
    daemon_gone KILL
    daemon_up
    connected
    cri rmi "$PLAIN"
    wait_until 60 has_slots $((slots - 1))
    # While a container stands on an image, its slot stays through a restart: removed with its name, and readable.
    cri rmi "$FILLED"
    daemon_gone KILL
    daemon_up
    same_files "$shared/filled/rootfs" "$(inside 3)"
    connected
    wake 3
    wait_until 60 has_slots $((slots - 2))
}
files_stay_open() {
    ulimit -n 4096
    python3 - "$(inside 1)" "$shared" <<'PYTHON' &
import mmap, os, sys, time
root, shared = sys.argv[1:]
tree = shared + "/bundle/rootfs"
paths = ["data/large", "data/again", "data/second", "data/third", "bin/busybox"]
opened = [(path, os.open(f"{root}/{path}", os.O_RDONLY)) for path in paths * 200]
with open(f"{tree}/data/large", "rb") as file:
    large = file.read()
mapped = os.open(f"{root}/data/large", os.O_RDONLY)
view = mmap.mmap(mapped, 0, prot=mmap.PROT_READ)
half = len(large) // 2
assert view[:half] == large[:half]
open(shared + "/open", "w").close()
while not os.path.exists(shared + "/killed"):
    time.sleep(0.05)
# These wait for the next daemon.
assert view[half:] == large[half:]
for path, descriptor in opened:
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    with open(f"{tree}/{path}", "rb") as file:
        assert os.pread(descriptor, 100_000, 0) == file.read(100_000), path
PYTHON
    local program=$!
    wait_until 60 test -e "$shared/open"
    daemon_gone KILL
    touch "$shared/killed"
    doze 500
    not process_gone "$program"
    daemon_up
    wait "$program"
}
without_a_registry() {
    wait_until 120 all_verified
    kill -STOP "$REGISTRY_PID"
    on_exit kill -CONT "$REGISTRY_PID"
    readers_begin
    daemon_gone KILL
    daemon_up
    daemon_gone TERM
    daemon_up
    readers_end
    connected
    [[ $(cri run offline "$IMAGE" /bin/busybox cat /data/third) == third ]]
}
lost_images_fail() {
    # The index of one image is gone from the cache, with what was compiled from it, while no daemon runs.
    local digest
    connected
    cri pull "$FILLED"
    sleeper "$FILLED" 5
    digest=$(status | jq -r '.images[] | select(.image | test("test/filled")) | .manifest')
    daemon_gone KILL
    rm -r "$ROOT/cache/images/${digest#sha256:}"
    daemon_up
    [[ $(status | jq '.lost | length') == 1 ]]
    grep -q 'an image that was mounted cannot be opened again' "$shared/daemon.log"
    local start=$SECONDS
    cold_read_fails "$(inside 5)/data/4"
    ((SECONDS - start < 20))
    # The other images go on, and a new container gets this one anew.
    same_files "$shared/bundle/rootfs" "$(inside 1)"
    connected
    wake 5
    [[ $(cri run anew "$FILLED" /bin/busybox cmp /data/1 /data/1 && echo same) == same ]]
    # The kernel remembers names of the lost image, and nobody can tell it which. It forgets them when it needs the memory.
    soon 60 none_lost
}
none_lost() {
    echo 2 >/proc/sys/vm/drop_caches
    [[ $(status | jq '.lost | length') == 0 ]]
}
damaged_slots_end_the_mount() {
    daemon_gone KILL
    echo '{}' >"$ROOT/slots"
    daemon_up
    grep -q 'the mount that was held is ended' "$shared/daemon.log"
    connected
    remove_pods
    [[ $(cri run anew "$IMAGE" /bin/busybox cat /data/third) == third ]]
}
ends_with_its_images() {
    remove_pods
    local image
    for image in "$IMAGE" "$OTHER" "$FILLED" "$PAUSE"; do cri rmi "$image"; done
    wait_until 60 has_slots 0
    daemon_gone TERM
    not is_mounted "$ROOT/images"
    wait_until 20 no_holder
    daemon_up
}
is_ended_by_its_operator() {
    connected
    cri pull "$IMAGE"
    sleeper "$IMAGE" 4
    daemon_gone TERM
    holder
    umount -lf "$ROOT/images"
    wait_until 20 no_holder
    daemon_up
    connected
    remove_pods
    [[ $(cri run last "$IMAGE" /bin/busybox cat /data/third) == third ]]
}
# The image is not filled, so that each read of a file has spans to inflate, which are work on this image.
crashes_leave_the_image() {
    printf '[background_fetch]\ndisable = true\n' >"$shared/config.toml"
    DAEMON_OPTIONS=(--config "$shared/config.toml")
    daemon_gone TERM
    daemon_up
    connected
    sleeper "$IMAGE" 1
    cri pull "$CRASHING"
    sleeper "$CRASHING" 3
    local digest number marks
    marks=/run/hermes/crashes/$(printf %s "$ROOT" | sha256sum | cut -c 1-32)
    digest=$(status | jq -r '.images[] | select(.image | test("test/crashing")) | .manifest')
    : >"$shared/daemon.log"
    for number in 1 2 3; do
        # Its own end waits for the next daemon, as it reads.
        "$HERE/crash_serving.py" "$(daemon_pid)" "$marks" "$digest" "$(inside 3)/data/$number" &
        wait_until 60 process_gone "$(daemon_pid)"
        daemon_up
        wait_until 30 status
        wait_until 10 grep -q "the daemon crashed in the code of an image.*crashes: $number" "$shared/daemon.log"
    done
    grep -q "the daemon crashed in the code of an image again: it is left to containerd" "$shared/daemon.log"
    [[ $(jq -r '.images[].manifest' "$ROOT/crashes") == "$digest" ]]
    # Its container fails, and the other one goes on.
    [[ $(status | jq -r '.lost[].manifest') == "$digest" ]]
    cold_read_fails "$(inside 3)/data/4"
    same_files "$shared/bundle/rootfs" "$(inside 1)"
    # Pulled again it comes in full.
    connected
    wake 3
    cri rmi "$CRASHING"
    cri pull "$CRASHING"
    [[ $(status | jq -r '.left[0].result') == crashed ]]
    (($(row_count "lazy WHERE image = '$digest'") == 0))
    [[ $(cri run whole "$CRASHING" /bin/busybox cmp /data/1 /data/1 && echo same) == same ]]
}

quietly make_images
for name in filled crashing; do quietly make_large_image "$name"; done
for image in "$IMAGE" "$FILLED" "$CRASHING"; do quietly index_build --push --output "$shared/index" "$image"; done
# A daemon that crashes leaves no core.
ulimit -c 0
daemon_up
on_exit daemon_end
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"
# What runs in containers outlives containerd.
on_exit wake_all

check "two containers stand on lazy images" containers_start
check "kill -9 of the daemon, some in its start, with a fill: readers only wait" kills
check "kill -9 of the holder, then of the daemon" holder_then_daemon
check "SIGTERM and a start: readers only wait" term_then_start
check "1,000 open files and a mapping go on" files_stay_open
check "a new image after a restart" new_image_after_restart
check "a removed image frees its slot, also after a restart" removal_frees_the_slot
check "without a registry, once the images are complete" without_a_registry
check "an image that the cache has lost answers EIO, and comes anew" lost_images_fail
check "without the file of slots the mount is made anew" damaged_slots_end_the_mount
check "SIGTERM unmounts when no image is shown" ends_with_its_images
check "umount ends a mount that was left" is_ended_by_its_operator
check "three crashes in the code of an image leave it to containerd" crashes_leave_the_image
check_summary "$(basename "$0" .sh)"
