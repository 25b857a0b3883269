#!/usr/bin/env bash
# Counts the allocations of a cached read in a running mount, with the kernel's uprobes (CONFIG_UPROBE_EVENTS) on every
# function that gives memory in the binary that was built: Swift's allocations all end in these.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
# The same code as bin/hermes, with its symbols.
HERMES=$HERMES_ROOT/.build-static/release/hermes
[[ -x $HERMES ]] || die "no $HERMES: run make"
reads=20000
group=hermes_$$

python3 "$HERMES_ROOT/scripts/nasty_image.py" "$WORK/image"
mkdir "$WORK/mount" "$WORK/tracing"
quietly "$HERMES" index build --output "$WORK/index" "oci:$WORK/image"
start_mount --index "$WORK/index" --cache "$WORK/cache" "oci:$WORK/image" "$WORK/mount"

# random_reads: 4 KiB reads of a cached file past the kernel's cache, so that every read is a request.
random_reads() {
    fio --name=random --filename="$WORK/mount/big" --rw=randread --bs=4k --direct=1 --ioengine=psync --norandommap \
        --number_ios="$reads" --size=16m --randseed=7 --readonly --output-format=json | jq '.jobs[0].read.total_ios'
}
cat "$WORK/mount/big" >/dev/null
# Steady: every thread has had its first request, and with it its buffer.
for run in 1 2 3; do random_reads >/dev/null & done
wait %2 %3 %4 2>/dev/null || wait

mount -t tracefs tracefs "$WORK/tracing"
on_exit umount "$WORK/tracing"
trace=$WORK/tracing
remove_probes() {
    echo 0 >"$trace/events/$group/enable" || true
    sed -n "s/^[pr]:\($group\/[^ ]*\) .*/-:\1/p" "$trace/uprobe_events" >>"$trace/uprobe_events" || true
}
# probe_all: a probe on each function, by its place in the file: that of its segment, and where it lies in it.
probe_all() {
    python3 - "$HERMES" <<'PYTHON' | while read -r name place; do echo "p:$group/$name $HERMES:$place caller=\$stack0:x64" >>"$trace/uprobe_events"; done
import subprocess, sys
run = lambda *words: subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
segments = [line.split() for line in run("readelf", "-lW", sys.argv[1]).splitlines() if line.strip().startswith("LOAD")]
segments = [(int(s[2], 16), int(s[1], 16), int(s[4], 16)) for s in segments]
wanted = {"malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign", "mmap", "swift_retain", "swift_allocObject"}
seen = set()
for line in run("nm", sys.argv[1]).splitlines():
    parts = line.split()
    if len(parts) == 3 and parts[2] in wanted and parts[2] not in seen:
        seen.add(parts[2])
        address = int(parts[0], 16)
        start, offset = next((s, o) for s, o, size in segments if s <= address < s + size)
        print(parts[2], hex(address - start + offset))
missing = wanted - seen - {"swift_retain"}
sys.exit(f"no symbol {missing}" if missing else 0)
PYTHON
}
on_exit remove_probes
probe_all
echo 1 >"$trace/events/$group/enable"
done_reads=$(random_reads)
echo 0 >"$trace/events/$group/enable"
grep " $group\|^ *$HERMES\|$group" "$trace/uprobe_profile" || cat "$trace/uprobe_profile"
echo "reads $done_reads"
echo 1 >"$trace/events/$group/enable"; reads=200; random_reads; echo 0 >"$trace/events/$group/enable"; cp "$trace/trace" /tmp/vis/trace; cp /proc/$MOUNT_PID/maps /tmp/vis/maps
