#!/usr/bin/env bash
# Benchmarks of reads whose spans are cached: a whole file of 1 GiB against ext4, small random reads against an equal file
# system in C.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
size=$((1 << 30))

# The file: the first GiB of the large image's third layer, so real libraries; kept as a file and as an image.
if [[ ! -f $IMAGES/gib/image/index.json ]]; then
    blob=$(python3 "$HERE/one_layer.py" "$("$HERE/image.sh")" 2 "$WORK/layer")
    rm -rf "$IMAGES/gib"
    mkdir -p "$IMAGES/gib/tree"
    # head ends before pigz does: that is no failure.
    { pigz -dc "$blob" 2>/dev/null || true; } | head -c "$size" >"$IMAGES/gib/tree/file"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$IMAGES/gib/image.part" "$IMAGES/gib/tree"
    mv "$IMAGES/gib/image.part" "$IMAGES/gib/image"
fi
plain=$IMAGES/gib/tree/file
mkdir "$WORK/mount" "$WORK/cfs"
quietly "$HERMES" index build --output "$WORK/index" "oci:$IMAGES/gib/image"
start_mount --index "$WORK/index" --cache "$WORK/cache" "oci:$IMAGES/gib/image" "$WORK/mount"
cmp "$WORK/mount/file" "$plain" || die "the mount gives wrong bytes"

sequential() { dd if="$1" of=/dev/null bs=1M status=none; }
for run in 1 2 3 4 5; do
    drop_caches
    elapsed sequential "$plain" >>"$WORK/ext4"
    drop_caches
    elapsed sequential "$WORK/mount/file" >>"$WORK/hermes"
done
row "sequential read of a cached 1 GiB file, speed against ext4, both cold" \
    "$(ratio "$(median <"$WORK/ext4")" "$(median <"$WORK/hermes")")" ">= 0.7"

read -ra fuse3 <<<"$(pkg-config --cflags --libs fuse3)"
read -ra fuse3 <<<"$(pkg-config --cflags --libs fuse3)"
gcc -O2 -Wall -Wextra -o "$WORK/cfs-program" "$HERE/cfs.c" "${fuse3[@]}"
threads=$(find "/proc/$MOUNT_PID/task" -mindepth 1 -maxdepth 1 | wc -l)
"$WORK/cfs-program" "$WORK/cfs" "$plain" 0 "$size" "$threads" &
cfs=$!
on_exit unmount "$WORK/cfs"
on_exit stop_process "$cfs"
wait_until 10 test -e "$WORK/cfs/file" || die "the file system in C did not come up"

# random_reads FILE: 4 KiB reads per second of four jobs. O_DIRECT goes past the kernel's cache of the mount, so that
# every read is a request; the bytes behind both are in memory.
random_reads() {
    fio --name=random --filename="$1" --rw=randread --bs=4k --numjobs=4 --direct=1 --ioengine=psync --time_based \
        --runtime=4 --norandommap --randseed=7 --readonly --group_reporting --output-format=json | jq '.jobs[0].read.iops'
}
for run in 1 2 3 4 5; do
    sequential "$plain"
    find "$WORK/cache" -type f -size +1M -exec cat {} + >/dev/null
    random_reads "$WORK/cfs/file" >>"$WORK/cfs.iops"
    random_reads "$WORK/mount/file" >>"$WORK/hermes.iops"
done
row "4 KiB random reads, 4 jobs, against an equal file system in C" \
    "$(ratio "$(median <"$WORK/hermes.iops")" "$(median <"$WORK/cfs.iops")")" ">= 0.9"
stop_mount
