#!/usr/bin/env bash
# hermes mount --survive: the process and its holder are killed while programs read, and nobody sees more than a wait.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_temp shared
quietly index_build --output "$shared/index" "$NASTY_IMAGE"
python3 "$HERE/unpack.py" "$NASTY" "$shared/tree"

# begin DIR ARGUMENT...: starts hermes mount --survive on DIR in the background, for the first time or again. Sets MOUNT_PID and
# MOUNT_LOG, which is empty at each start. begun: waits until it serves.
begin() {
    local folder=$1
    shift
    MOUNT_LOG=$folder.log
    : >"$MOUNT_LOG"
    "$HERMES" mount --survive --plain-http --index "$shared/index" --cache "$folder.cache" "$@" "$folder" 2>"$MOUNT_LOG" &
    MOUNT_PID=$!
}
begun() {
    wait_until 60 begun_or_gone || true
    grep -E '^(mounted|took over) ' "$MOUNT_LOG" || {
        cat "$MOUNT_LOG"
        return 1
    }
}
begun_or_gone() { grep -qE '^(mounted|took over) ' "$MOUNT_LOG" || process_gone "$MOUNT_PID"; }
# first DIR ARGUMENT...: the first start, with the clean-up of the check.
first() {
    mkdir -p "$1"
    begin "$@"
    on_exit give_up "$1"
    begun
}
# again DIR ARGUMENT...: the next start, which takes the mount over.
again() {
    begin "$@"
    begun
    grep -q '^took over ' "$MOUNT_LOG"
}
give_up() {
    unmount "$1"
    local pid
    for pid in $(jobs -p); do kill -KILL "$pid" 2>/dev/null || true; done
    wait_until 20 no_holder "$1" || kill -KILL "$(holder "$1")"
}
kill_mount() {
    kill -KILL "$MOUNT_PID"
    wait "$MOUNT_PID" 2>/dev/null || true
}

# socket DIR, holder DIR: the socket of the holder of a mount, and its process.
socket() { echo "/run/hermes/holders/$(printf %s "$1" | sha256sum | cut -c 1-32)"; }
holder() { pgrep -fx "hermes holder $(socket "$1") 60"; }
no_holder() { ! holder "$1"; }
# nothing_left DIR: no mount, no holder, no socket.
nothing_left() {
    not is_mounted "$1"
    wait_until 20 no_holder "$1"
    [[ ! -e $(socket "$1") ]]
}

# read_all DIR: eight programs read the whole mount again and again, until read_end.
read_all() {
    rm -f "$1.stop"
    "$HERE/survive_readers.py" "$1" "$shared/tree" "$1.stop" >"$1.readers" 2>&1 &
    READERS=$!
}
read_end() {
    touch "$1.stop"
    wait_until 60 process_gone "$READERS"
    cat "$1.readers"
    wait "$READERS"
}
# doze MILLISECONDS: sleeps for less than that, at random.
doze() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }

twenty_kills() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    read_all "$work/mount"
    local i
    for ((i = 0; i < 20; i++)); do
        doze 500
        kill_mount
        begin "$work/mount" "$NASTY_IMAGE"
        if ((i % 3 == 2)); then doze 60; else begun; fi
    done
    begun
    treediff "$shared/tree" "$work/mount"
    read_end "$work/mount"
    # The check's own output is hidden when it passes, and this is the figure that matters.
    echo "longest wait in s: $(jq .longest "$work/mount.readers")" >&3
    (($(jq .passes "$work/mount.readers") >= 8))
}
holder_then_mount() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    read_all "$work/mount"
    local i killed
    for i in 1 2 3; do
        killed=$(holder "$work/mount")
        kill -KILL "$killed"
        wait_until 60 grep -q 'the mount has another holder' "$MOUNT_LOG"
        [[ $(holder "$work/mount") != "$killed" ]]
        kill_mount
        doze 300
        again "$work/mount" "$NASTY_IMAGE"
    done
    read_end "$work/mount"
}
without_registry() {
    make_temp work
    cp -a "$E2E_WORK/registry/data" "$work/data"
    registry_start "$work"
    first "$work/mount" --fill "$REGISTRY/test/nasty:latest"
    read_all "$work/mount"
    wait_until 60 grep -q 'the image is verified' "$MOUNT_LOG"
    stop_process "$REGISTRY_PID"
    local i
    for i in 1 2 3; do
        kill_mount
        again "$work/mount" --fill "$REGISTRY/test/nasty:latest"
    done
    treediff "$shared/tree" "$work/mount"
    read_end "$work/mount"
}
files_stay_open() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    ulimit -n 4096
    python3 - "$work" "$shared/tree" <<'PYTHON' &
import mmap, os, sys, time
work, tree = sys.argv[1:]
mount = work + "/mount"
paths = [os.path.relpath(os.path.join(folder, name), tree) for folder, _, names in os.walk(tree) for name in names]
paths = [path for path in paths if os.path.isfile(f"{tree}/{path}") and not os.path.islink(f"{tree}/{path}")]
opened = [(path, os.open(f"{mount}/{path}", os.O_RDONLY)) for path in (paths * 2000)[:2000]]
with open(f"{tree}/big", "rb") as file:
    big = file.read()
mapped = os.open(f"{mount}/big", os.O_RDONLY)
view = mmap.mmap(mapped, 0, prot=mmap.PROT_READ)
half = len(big) // 2
assert view[:half] == big[:half]
open(work + "/open", "w").close()
while not os.path.exists(work + "/killed"):
    time.sleep(0.05)
# These wait for the next process.
assert view[half:] == big[half:]
for path, descriptor in opened:
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    with open(f"{tree}/{path}", "rb") as file:
        assert os.pread(descriptor, 100_000, 0) == file.read(100_000), path
PYTHON
    local program=$!
    wait_until 60 test -e "$work/open"
    kill_mount
    touch "$work/killed"
    doze 500
    not process_gone "$program"
    again "$work/mount" "$NASTY_IMAGE"
    wait "$program"
}
# ends SIGNAL|umount: what ends the mount leaves nothing, also of one that was taken over.
ends() {
    make_temp work
    local taken status
    for taken in no yes; do
        first "$work/mount" "$NASTY_IMAGE"
        cmp "$work/mount/odd-size" "$shared/tree/odd-size"
        [[ -S $(socket "$work/mount") ]]
        if [[ $taken == yes ]]; then
            kill_mount
            again "$work/mount" "$NASTY_IMAGE"
        fi
        sleep 300 3<"$work/mount/big" &
        status=0
        if [[ $1 == umount ]]; then
            stop_process $!
            umount "$work/mount"
        else
            kill -s "$1" "$MOUNT_PID"
        fi
        wait_until 20 process_gone "$MOUNT_PID"
        wait "$MOUNT_PID" || status=$?
        cat "$MOUNT_LOG"
        ((status == 0 || status == 130))
        nothing_left "$work/mount"
    done
}
without_process_unmounted() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    kill_mount
    holder "$work/mount"
    umount -l "$work/mount"
    nothing_left "$work/mount"
}
one_process_serves() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    fails 69 "$HERMES" mount --survive --plain-http --cache "$work/mount.cache" "$NASTY_IMAGE" "$work/mount"
    kill_mount
    fails 64 "$HERMES" mount --survive --plain-http --cache "$work/mount.cache" "$REGISTRY/test/docker:latest" "$work/mount"
    [[ $E2E_ERROR == *test/nasty* ]]
    # Another cache does not have the index that the mount began with.
    fails 66 "$HERMES" mount --survive --plain-http --cache "$work/other" "$NASTY_IMAGE" "$work/mount"
    again "$work/mount" "$NASTY_IMAGE"
    treediff "$shared/tree" "$work/mount"
}
nobody_comes_back() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    kill_mount
    local start=$SECONDS
    # It waits, and then it is told.
    not timeout 120 cat "$work/mount/big" 2>"$work/error"
    cat "$work/error"
    ((SECONDS - start >= 50 && SECONDS - start < 110))
    nothing_but_the_mount "$work/mount"
    begin "$work/mount" "$NASTY_IMAGE"
    begun
    grep -q 'unmounted a dead mount' "$MOUNT_LOG"
    cmp "$work/mount/big" "$shared/tree/big"
}
nothing_but_the_mount() {
    is_mounted "$1"
    wait_until 20 no_holder "$1"
}
both_killed() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    kill -STOP "$MOUNT_PID"
    kill -KILL "$(holder "$work/mount")"
    kill_mount
    not cat "$work/mount/big" 2>"$work/error"
    cat "$work/error"
    begin "$work/mount" "$NASTY_IMAGE"
    begun
    cmp "$work/mount/big" "$shared/tree/big"
}
# has_less_than PID FIELD KIB
has_less_than() { (($(awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status") < $3)); }
holder_is_small() {
    make_temp work
    first "$work/mount" "$NASTY_IMAGE"
    local pid
    pid=$(holder "$work/mount")
    # It gives back what its start touched of the program when it waits.
    wait_until 20 has_less_than "$pid" VmRSS 10240 || {
        grep -E 'Vm|Rss' "/proc/$pid/status"
        return 1
    }
    has_less_than "$pid" RssAnon 1024
    (($(awk '/^Threads/ { print $2 }' "/proc/$pid/status") == 1))
    [[ $(cat "/proc/$pid/comm") == hermes-holder ]]
    [[ $(stat -c %a /run/hermes/holders) == 700 && $(stat -c %a "$(socket "$work/mount")") == 600 ]]
    # Its own session, and nothing of the mount's process but the connection.
    [[ $(ps -o sid= -p "$pid" | tr -d ' ') == "$pid" ]]
    [[ $(readlink "/proc/$pid/cwd") == / ]]
    (($(find "/proc/$pid/fd" -mindepth 1 | wc -l) == 6))
}

exec 3>&1
check "kill -9 twenty times, some of them in the start: readers only wait" twenty_kills
check "kill -9 of the holder, then of the mount" holder_then_mount
check "without a registry, once the image is complete" without_registry
check "2,000 open files and a mapping go on" files_stay_open
check "SIGTERM leaves nothing" ends TERM
check "SIGINT leaves nothing" ends INT
check "umount leaves nothing" ends umount
check "umount while nobody serves leaves nothing" without_process_unmounted
check "one process serves, with the image and the index that it began with" one_process_serves
check "both killed at once: readers get an error, and the next start mounts anew" both_killed
check "the holder is small and private" holder_is_small
check "after a minute without a process readers get an error" nobody_comes_back
check_summary "$(basename "$0" .sh)"
