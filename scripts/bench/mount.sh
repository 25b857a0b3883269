#!/usr/bin/env bash
# Benchmarks of hermes mount with the large image: time until it is ready, memory, walks of the whole tree.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
vllm=$("$HERE/image.sh")
mkdir "$WORK/mount"
quietly "$HERMES" index build --output "$WORK/index" "oci:$vllm"

# ready CACHE: one mount of the image with that cache; prints the milliseconds until it was ready.
ready() {
    start_mount --index "$WORK/index" --cache "$1" "oci:$vllm" "$WORK/mount"
    stop_mount
    awk -v us="$READY_US" 'BEGIN {printf "%.1f\n", us / 1000}' >>"$2"
}
for run in 1 2 3; do ready "$WORK/cache-$run" "$WORK/fresh"; done
for run in 1 2 3 4 5; do ready "$WORK/cache-1" "$WORK/compiled"; done
row "mount ready, trees compiled" "$(median <"$WORK/compiled") ms" "<= 50 ms"
row "mount ready, trees not compiled" "$(median <"$WORK/fresh") ms" "<= 1500 ms"

start_mount --index "$WORK/index" --cache "$WORK/cache-1" "oci:$vllm" "$WORK/mount"
walk() { find "$1" -printf '%s %m %T@\n'; }
entries=$(walk "$WORK/mount" | wc -l)
row "resident memory of the mount after a walk of $entries entries" \
    "$(awk '/^VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$MOUNT_PID/status") MiB" "<= 64 MiB"

# The same tree on ext4; a walk reads no content, so the files need none.
cp -a --attributes-only "$WORK/mount" "$WORK/tree"
walk "$WORK/tree" >/dev/null
for run in 1 2 3 4 5; do
    elapsed walk "$WORK/tree" >>"$WORK/ext4"
    drop_caches
    # The tree on ext4 is warm again for the next run.
    elapsed walk "$WORK/mount" >>"$WORK/cold"
    elapsed walk "$WORK/mount" >>"$WORK/second"
    walk "$WORK/tree" >/dev/null
done
row "find with stat, cold kernel caches, against ext4 warm" "$(ratio "$(median <"$WORK/cold")" "$(median <"$WORK/ext4")")" "<= 3"
row "find with stat, second walk, against ext4 warm" "$(ratio "$(median <"$WORK/second")" "$(median <"$WORK/ext4")")" "<= 1.2"
stop_mount
