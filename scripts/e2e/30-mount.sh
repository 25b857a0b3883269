#!/usr/bin/env bash
# hermes mount: the nasty image, entry by entry, against three other unpackers; and what a mount must withstand.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_temp shared
quietly index_build --output "$shared/index" "$NASTY_IMAGE"

# mount_nasty DIR: the image from the registry with the index at hand, and a cache of its own.
mount_nasty() { mount_image --index "$shared/index" --cache "$1.cache" "$NASTY_IMAGE" "$1"; }

like_tarfile() {
    make_temp work
    python3 "$HERE/unpack.py" "$NASTY" "$work/tree"
    mount_nasty "$work/mount"
    treediff "$work/tree" "$work/mount"
}
like_umoci() {
    make_temp work
    umoci unpack --image "$E2E_WORK/nasty-umoci:latest" "$work/bundle"
    mount_nasty "$work/mount"
    # umoci gives the root and this folder the time of unpacking.
    treediff --ignore mtime:. --ignore mtime:opaque-late/sub "$work/bundle/rootfs" "$work/mount"
}
like_overlayfs() {
    make_temp work
    python3 "$HERE/unpack.py" --overlay "$NASTY" "$work/layers"
    mkdir "$work/merged"
    (cd "$work/layers" && mount -t overlay overlay -o lowerdir=3:2:1:0 "$work/merged")
    on_exit unmount "$work/merged"
    mount_nasty "$work/mount"
    treediff "$work/merged" "$work/mount"
}
from_layout() {
    make_temp work
    python3 "$HERE/unpack.py" "$NASTY" "$work/tree"
    mount_image --index "$shared/index" --cache "$work/cache" "oci:$NASTY:latest" "$work/mount"
    treediff "$work/tree" "$work/mount"
}
read_only() {
    make_temp work
    mount_nasty "$work/mount"
    local command
    for command in "touch $work/mount/new" "rm $work/mount/etc/plain" "mkdir $work/mount/d" "chmod 600 $work/mount/etc/plain" \
        "setfattr -n user.a -v b $work/mount/etc/plain" "ln $work/mount/etc/plain $work/mount/etc/l"; do
        # shellcheck disable=SC2086 # words on purpose
        if $command 2>"$work/err"; then return 1; fi
        grep -qi 'read-only' "$work/err" || cat "$work/err"
        grep -qi 'read-only' "$work/err"
    done
}
many_readers() {
    make_temp work
    python3 "$HERE/unpack.py" "$NASTY" "$work/tree"
    mount_nasty "$work/mount"
    local pids=() i
    for i in 1 2 3 4 5 6 7 8; do
        python3 - "$work/tree/big" "$work/mount/big" "$i" <<'PYTHON' &
import os, random, sys
source = random.Random(int(sys.argv[3]))
with open(sys.argv[1], "rb") as file:
    expected = file.read()
descriptor = os.open(sys.argv[2], os.O_RDONLY)
for _ in range(300):
    offset = source.randrange(len(expected) + 100)
    length = source.choice((1, 100, 4096, 131072, 1 << 20))
    assert os.pread(descriptor, length, offset) == expected[offset:offset + length], (offset, length)
PYTHON
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
}
overlay_on_top() {
    make_temp work
    mount_nasty "$work/mount"
    mkdir "$work/upper" "$work/work" "$work/merged"
    mount -t overlay overlay -o "lowerdir=$work/mount,upperdir=$work/upper,workdir=$work/work" "$work/merged"
    on_exit unmount "$work/merged"
    echo changed >>"$work/merged/etc/plain"
    grep -q changed "$work/merged/etc/plain"
    rm "$work/merged/links/a"
    [[ ! -e $work/merged/links/a && -e $work/mount/links/a ]]
    ls -lR "$work/merged" >"$work/list" 2>"$work/err"
    [[ ! -s $work/err ]]
    umount "$work/merged"
}
fill_needs_no_registry() {
    make_temp work
    cp -a "$E2E_WORK/registry/data" "$work/data"
    local log=$REGISTRY_LOG
    registry_start "$work"
    python3 "$HERE/unpack.py" "$NASTY" "$work/tree"
    mount_image --fill --index "$shared/index" --cache "$work/cache" "$REGISTRY/test/nasty:latest" "$work/mount"
    wait_until 60 layers_complete "$work/cache" "$work/tree/big"
    stop_process "$REGISTRY_PID"
    treediff "$work/tree" "$work/mount"
    REGISTRY_LOG=$log
}
# layers_complete CACHE FILE: the cache has at least as many bytes as the image's largest file, and no longer grows.
layers_complete() {
    local before after
    before=$(du -sB1 "$1" | cut -f1)
    ((before > $(stat -c %s "$2"))) || return 1
    sleep 2
    after=$(du -sB1 "$1" | cut -f1)
    ((before == after))
}
# One index by its digest: not the newest referrer, which is forged, and none that is not the image's.
pinned_index() {
    make_temp work
    local image=$REGISTRY/test/pinned:latest index forged option=--index-digest
    mkdir "$work/files"
    head -c 1000000 /dev/urandom >"$work/files/data"
    echo last >"$work/files/last"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$work/layout" "$work/files"
    "$HERE/push.py" "$work/layout" "$REGISTRY" test/pinned latest
    index=$(index_build --output "$work/index" --push --format json "$image" | jq -r .index)
    python3 "$HERE/forge_index.py" "$work/index" "$work/forged" 0 swapped
    "$HERE/push.py" "$work/forged" "$REGISTRY" test/pinned none --referrer
    forged=$(jq -r '.manifests[0].digest' "$work/forged/index.json")
    mount_image --cache "$work/cache-newest" "$image" "$work/newest"
    cmp "$work/newest/data" "$work/files/last"
    end_mount TERM
    mount_image --cache "$work/cache" $option "$index" "$image" "$work/mount"
    cmp "$work/mount/data" "$work/files/data"
    cmp "$work/mount/last" "$work/files/last"
    end_mount TERM
    # What the cache was compiled from is no substitute.
    mount_image --cache "$work/cache-newest" $option "$index" "$image" "$work/newest"
    cmp "$work/newest/last" "$work/files/last"
    end_mount TERM
    local with=("$HERMES" mount --plain-http --cache "$work/none")
    fails 66 "${with[@]}" $option "$index" "$NASTY_IMAGE" "$work/mount"
    fails 65 "${with[@]}" $option "$index" --index "$work/index" "$NASTY_IMAGE" "$work/mount"
    grep -q 'that of another image' <<<"$E2E_ERROR"
    fails 66 "${with[@]}" $option "$forged" --index "$work/index" "$image" "$work/mount"
    fails 64 "${with[@]}" $option sha256:1234 "$image" "$work/mount"
}

check "the same tree as Python's tarfile unpacks" like_tarfile
check "the same tree as umoci unpacks" like_umoci
check "the same tree as overlayfs merges" like_overlayfs
check "an image of a layout" from_layout
check "read-only: every change is refused" read_only
check "eight readers at random places" many_readers
check "overlayfs on top, as containers use it" overlay_on_top
check "--index-digest: that index of the image, and no other" pinned_index
check "--fill: afterwards no registry is needed" fill_needs_no_registry
check_summary "$(basename "$0" .sh)"
