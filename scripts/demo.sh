#!/usr/bin/env bash
# The demo: an ordinary image in an ordinary registry, indexed, mounted lazily, and a program run from it; then the same
# by download and unpack. Every figure is measured in this run. Needs root; cleans up after itself, also on ctrl-C. The variables
# that it takes are in demo_lib.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/demo_lib.sh"
[[ $(id -u) == 0 ]] || die "the demo mounts file systems and needs root"
hermes=$HERMES_ROOT/bin/hermes
[[ -x $hermes ]] || die "no bin/hermes: run make"
make_temp work

demo_image_pushed

# run_in ROOT: the command in ROOT, with /proc and /dev in a mount namespace of its own.
run_in() {
    unshare --mount --propagation private bash -euc '
        mount -t proc proc "$0/proc"
        mount --rbind /dev "$0/dev"
        exec chroot "$0" /bin/sh -c "$1"' "$1" "$command"
}

say "hermes index build --push $image"
start=$(now_ms)
"$hermes" index build --plain-http --push --output "$work/index" "$image"
index_ms=$(($(now_ms) - start))
index_size=$(find "$work/index/blobs" -type f -printf '%s\n' | awk '{sum += $1} END {print sum + 0}')
index_zstd=$(find "$work/index/blobs" -type f -exec zstd -q -c {} + | wc -c)

say "hermes mount $image, and: $command"
mkdir "$work/mount"
sync
echo 3 >/proc/sys/vm/drop_caches
sent_before=$(sent_total)
start=$(now_ms)
"$hermes" mount --plain-http --cache "$work/cache" "$image" "$work/mount" 2>"$work/mount.log" &
mount_pid=$!
on_exit unmount "$work/mount"
on_exit stop_process "$mount_pid"
mounted() { grep -q '^mounted ' "$work/mount.log" || ! kill -0 "$mount_pid"; }
wait_until 120 mounted || true
mount_ms=$(($(now_ms) - start))
grep -q '^mounted ' "$work/mount.log" || {
    cat "$work/mount.log" >&2
    die "hermes mount did not come up"
}
run_in "$work/mount" | tee "$work/lazy.out"
lazy_ms=$(($(now_ms) - start))
lazy_bytes=$(bytes_sent)
stop_process "$mount_pid" INT

say "the same by download and unpack (skopeo, umoci)"
echo 3 >/proc/sys/vm/drop_caches
sent_before=$(sent_total)
start=$(now_ms)
skopeo copy -q --src-tls-verify=false "docker://$image" "oci:$work/pulled:latest"
pull_ms=$(($(now_ms) - start))
umoci unpack --image "$work/pulled:latest" "$work/bundle"
unpack_ms=$(($(now_ms) - start))
run_in "$work/bundle/rootfs" >"$work/full.out"
full_ms=$(($(now_ms) - start))
full_bytes=$(bytes_sent)
cmp -s "$work/lazy.out" "$work/full.out" || die "the program printed something else from the unpacked image"

echo
row "" "hermes mount" "download and unpack"
row "root file system ready" "$(seconds "$mount_ms")" "$(seconds "$unpack_ms")"
row "program finished" "$(seconds "$lazy_ms")" "$(seconds "$full_ms")"
row "bytes from the registry" "$(megabytes "$lazy_bytes")" "$(megabytes "$full_bytes")"
row "share of the image" "$(percent "$lazy_bytes" "$image_size")" "$(percent "$full_bytes" "$image_size")"
echo
echo "  image: $(megabytes "$image_size") compressed in $layers layers; download alone $(seconds "$pull_ms")"
echo "  index: $(megabytes "$index_size") ($(percent "$index_size" "$image_size") of the image), $(megabytes "$index_zstd") after zstd; built once in $(seconds "$index_ms")"
echo "  hermes: $(grep '^mounted ' "$work/mount.log")"
