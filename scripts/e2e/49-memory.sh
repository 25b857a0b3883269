#!/usr/bin/env bash
# The bounds of memory: a large image, eight readers and a fill under a limit of 256 MiB for the mount or the daemon, which also counts
# what the kernel caches of the files that they write.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"

LIMIT=$((256 << 20))
# MiB of a file; 16 files are an image of 768 MiB, or of 4 GiB.
FILE=48
[[ -z ${HERMES_E2E_LONG:-} ]] || FILE=256

# group_begin: a memory cgroup with LIMIT and without swap, as a folder in GROUP that goes with the check; fails where none can be
# had. In cgroup v2 a folder has the controller's files when its parent passes it on.
group_begin() {
    local root
    root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
    [[ -n $root ]] || root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    GROUP=$root/hermes-e2e-$$
    mkdir "$GROUP" || return 1
    on_exit wait_until 10 rmdir "$GROUP"
    if [[ -e $GROUP/memory.limit_in_bytes ]]; then
        echo "$LIMIT" >"$GROUP/memory.limit_in_bytes"
        # In cgroup v1 this keeps a group out of the swap.
        echo 0 >"$GROUP/memory.swappiness"
    else
        [[ -e $GROUP/memory.max ]] || echo +memory >"$root/cgroup.subtree_control" || return 1
        echo "$LIMIT" >"$GROUP/memory.max"
        # Absent where the kernel does not count swap.
        [[ ! -e $GROUP/memory.swap.max ]] || echo 0 >"$GROUP/memory.swap.max"
    fi
}
group_works() (
    CLEANUPS=()
    group_begin
    rmdir "$GROUP"
)

# confined: a program like hermes that enters the cgroup before it begins.
confined() {
    printf '#!/bin/sh\necho $$ >"%s/cgroup.procs" && exec "%s" "$@"\n' "$GROUP" "$HERMES" >"$work/hermes"
    chmod +x "$work/hermes"
    HERMES=$work/hermes
}
# killed, full: how often the kernel killed a process of the cgroup, and how often the cgroup was at its limit.
killed() { cat "$GROUP"/memory.{oom_control,events} 2>/dev/null | awk '$1 == "oom_kill" { print $2 }' || true; }
full() { cat "$GROUP"/memory.{failcnt,events} 2>/dev/null | awk 'NF == 1 || $1 == "max" { print $NF }' || true; }
# most PID: the most memory of its own that a process had, in MiB, with what it has mapped of files.
most() { awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$1/status"; }

# make_image: four layers of bytes that gzip cannot make smaller, of text, of nothing but zeros, and of all three.
make_image() {
    local size=$((FILE << 20)) number layer
    for number in {1..16}; do
        layer=$(((number + 3) / 4))
        mkdir -p "$shared/layer-$layer"
        case $((layer == 4 ? number % 3 + 1 : layer)) in
            1) head -c "$size" /dev/urandom ;;
            2) seq "${number}00000000" "${number}99999999" | head -c "$size" || true ;;
            3) head -c "$size" /dev/zero ;;
        esac >"$shared/layer-$layer/$number"
    done
    python3 "$HERMES_ROOT/scripts/oci_layout.py" --level 1 "$shared/layout" "$shared"/layer-?
    "$HERE/push.py" "$shared/layout" "$REGISTRY" test/large latest
    index_build --push --output "$shared/index" "$REGISTRY/test/large:latest"
    mkdir "$shared/tree"
    mv "$shared"/layer-?/* "$shared/tree"
}

# reads_within PID DIR LOG: eight readers compare all of DIR, the image is fetched and verified meanwhile, and nothing was killed.
reads_within() {
    "$HERE/fault_readers.py" --threads 8 "$2" "$shared/tree"
    wait_until 300 grep -q 'the image is verified' "$3"
    # The check's own output is hidden when it passes, and these are the figures that matter.
    echo "killed $(killed) times, at the limit $(full) times, at most $(most "$1") MiB of its own" >&3
    [[ $(killed) == 0 ]]
    # Else the limit proves nothing.
    (($(full) > 0))
}
mount_within_the_limit() {
    make_temp work
    group_begin
    confined
    mount_image --fill --index "$shared/index" --cache "$work/cache" "$REGISTRY/test/large:latest" "$work/mount"
    reads_within "$MOUNT_PID" "$work/mount" "$MOUNT_LOG"
    end_mount TERM
}
daemon_within_the_limit() {
    make_temp work
    group_begin
    confined
    daemon_up
    on_exit daemon_end
    containerd_start "$work/containerd" "$SOCKET" "$REGISTRY/test/none:latest"
    cri pull "$REGISTRY/test/large:latest"
    local digest
    digest=$(jq -r '.manifests[0].digest' "$shared/layout/index.json")
    reads_within "$DAEMON_PID" "$ROOT/images/${digest#*:}" "$shared/daemon.log"
}

if ! group_works 2>/dev/null; then
    say "skip: no memory cgroup can be had here"
    check_summary "$(basename "$0" .sh)"
    exit
fi
exec 3>&1
quietly make_image
check "hermes mount with a fill and eight readers keeps within 256 MiB" mount_within_the_limit
check "so does hermes daemon" daemon_within_the_limit
check_summary "$(basename "$0" .sh)"
