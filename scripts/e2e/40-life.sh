#!/usr/bin/env bash
# The life of a mount: where its index comes from, how it ends, what the next one finds.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_temp shared
quietly index_build --output "$shared/index" "$NASTY_IMAGE"
python3 "$HERE/unpack.py" "$NASTY" "$shared/tree"

# ends_on SIGNAL: the process ends by itself and its exit code is 0 or that of an interruption, nothing is mounted, and
# its last word says what was fetched.
ends_on() {
    make_temp work
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    cmp "$work/mount/odd-size" "$shared/tree/odd-size"
    local status=0
    end_mount "$1" || status=$?
    cat "$MOUNT_LOG"
    ((status == 0 || status == 130))
    not is_mounted "$work/mount"
    [[ -z $(ls -A "$work/mount") ]]
    tail -n 1 "$MOUNT_LOG" | grep -iE '[0-9].*(bytes|B).*fetched|fetched.*[0-9]'
}
ends_while_in_use() {
    make_temp work
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    sleep 300 3<"$work/mount/big" &
    local holder=$! status=0
    on_exit stop_process "$holder"
    end_mount TERM || status=$?
    ((status == 0 || status == 130))
    not is_mounted "$work/mount"
}
ends_by_umount() {
    make_temp work
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    umount "$work/mount"
    wait_until 20 process_gone "$MOUNT_PID"
    wait "$MOUNT_PID"
}
# What lies beneath a mount is not the mount's: it stays, also where somebody else has unmounted.
leaves_what_is_beneath() {
    make_temp work
    mkdir "$work/mount"
    mount -t tmpfs beneath "$work/mount"
    on_exit umount "$work/mount"
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    end_mount TERM || true
    mountpoint -q "$work/mount"
    [[ $(findmnt -no FSTYPE "$work/mount") == tmpfs ]]
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    umount "$work/mount"
    wait_until 20 process_gone "$MOUNT_PID"
    [[ $(findmnt -no FSTYPE "$work/mount") == tmpfs ]]
}
killed_then_reused() {
    make_temp work
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    cmp "$work/mount/big" "$shared/tree/big"
    cmp "$work/mount/scattered" "$shared/tree/scattered"
    kill -KILL "$MOUNT_PID"
    wait "$MOUNT_PID" || true
    umount -l "$work/mount"
    local mark
    mark=$(log_mark)
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    cmp "$work/mount/big" "$shared/tree/big"
    cmp "$work/mount/scattered" "$shared/tree/scattered"
    (($(big_layer_reads "$mark") == 0))
}
# big_layer_reads MARK: requests for the first layer since then; it holds the large file.
big_layer_reads() {
    local digest
    digest=$(jq -r '.layers[0].digest' "$NASTY/blobs/sha256/$(jq -r '.manifests[0].digest' "$NASTY/index.json" | cut -d: -f2)")
    tail -c "+$(($1 + 1))" "$REGISTRY_LOG" | grep -c "\"GET /v2/[^ ]*/blobs/$digest" || true
}
killed_again_and_again() {
    make_temp work
    local i
    for i in 1 2 3 4 5; do
        mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
        cat "$work/mount/big" "$work/mount/scattered" >/dev/null 2>&1 &
        local reader=$!
        sleep "0.0$i"
        kill -KILL "$MOUNT_PID"
        wait "$MOUNT_PID" "$reader" || true
        umount -l "$work/mount"
    done
    mount_image --index "$shared/index" --cache "$work/cache" "$NASTY_IMAGE" "$work/mount"
    treediff "$shared/tree" "$work/mount"
}
by_referrer() {
    make_temp work
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/pushed latest
    index_build --push --output "$work/index" "$REGISTRY/test/pushed:latest"
    rm -rf "$work/index" "${XDG_CACHE_HOME:?}"
    local mark
    mark=$(log_mark)
    mount_image --cache "$work/cache" "$REGISTRY/test/pushed:latest" "$work/mount"
    not grep -iE 'no index' "$MOUNT_LOG"
    ls -lR "$work/mount" >"$work/list"
    # Nothing but the index has been read: no layer was.
    (($(big_layer_reads "$mark") == 0))
    treediff "$shared/tree" "$work/mount"
}
built_on_the_spot() {
    make_temp work
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/plain latest
    rm -rf "${XDG_CACHE_HOME:?}"
    mount_image --cache "$work/cache" "$REGISTRY/test/plain:latest" "$work/mount"
    grep -i index "$MOUNT_LOG"
    treediff "$shared/tree" "$work/mount"
}

check "SIGINT ends a mount cleanly" ends_on INT
check "SIGTERM ends a mount cleanly" ends_on TERM
check "a signal while a file is open" ends_while_in_use
check "umount ends the process" ends_by_umount
check "a file system beneath the mount stays" leaves_what_is_beneath
check "after kill -9 the next mount uses the cache" killed_then_reused
check "kill -9 in the middle of reads, five times: no wrong byte" killed_again_and_again
check "an index found by referrer" by_referrer
check "with no index anywhere, one is built" built_on_the_spot
check_summary "$(basename "$0" .sh)"
