#!/usr/bin/env bash
# Allocations and reference counts of a cached read, in a running mount. The kernel's uprobes (CONFIG_UPROBE_EVENTS) see every
# call of what gives memory in the binary that was built; all of Swift's allocations end there too.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
# The same code as bin/hermes, with its symbols.
HERMES=$HERMES_BUILD/static/release/hermes
[[ -x $HERMES ]] || die "no $HERMES: run make"

python3 "$HERMES_ROOT/scripts/nasty_image.py" "$WORK/image"
mkdir "$WORK/mount" "$WORK/tracing"
quietly "$HERMES" index build --output "$WORK/index" "oci:$WORK/image"
start_mount --index "$WORK/index" --cache "$WORK/cache" "oci:$WORK/image" "$WORK/mount"

# random_reads: 4 KiB reads of a cached file past the kernel's cache, so that each is a request; prints how many.
random_reads() {
    fio --name=random --filename="$WORK/mount/big" --rw=randread --bs=4k --direct=1 --ioengine=psync --norandommap \
        --size=16m --io_size=80m --randseed=7 --readonly --output-format=json | jq '.jobs[0].read.total_ios'
}
cat "$WORK/mount/big" >/dev/null
# Steady: every thread has had its first request, and with it its buffer.
pids=()
for run in 1 2 3 4; do
    random_reads >/dev/null &
    pids+=($!)
done
wait "${pids[@]}"

# A buffer of our own in the kernel's tracing: others may use theirs meanwhile.
mount -t tracefs tracefs "$WORK/tracing"
on_exit umount "$WORK/tracing"
group=hermes_$$
trace=$WORK/tracing/instances/$group
mkdir "$trace"
remove_probes() {
    echo 0 >"$trace/events/$group/enable"
    rmdir "$trace"
    sed -n "s|^p:\($group/[^ ]*\) .*|-:\1|p" "$WORK/tracing/uprobe_events" >"$WORK/remove"
    while read -r line; do echo "$line" >>"$WORK/tracing/uprobe_events"; done <"$WORK/remove"
}
on_exit remove_probes
echo 32768 >"$trace/buffer_size_kb"

# A probe is set by a place in the file: that of the segment, and where the function lies in it.
python3 - "$HERMES" >"$WORK/places" <<'PYTHON'
import subprocess, sys
def lines(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
loads = [line.split() for line in lines("readelf", "-lW", sys.argv[1]) if line.split()[:1] == ["LOAD"]]
segments = [(int(load[2], 16), int(load[1], 16), int(load[4], 16)) for load in loads]
wanted = {"malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign", "mmap", "swift_retain"}
for line in lines("nm", sys.argv[1]):
    address, *_, name = line.split()
    if name in wanted:
        wanted.remove(name)
        place = next(int(address, 16) - start + offset for start, offset, size in segments if 0 <= int(address, 16) - start < size)
        print(name, hex(place))
assert not wanted, wanted
PYTHON
while read -r name place; do
    echo "p:$group/$name $HERMES:$place caller=\$stack0:x64" >>"$WORK/tracing/uprobe_events"
done <"$WORK/places"
echo 1 >"$trace/events/$group/enable"
reads=$(random_reads)
echo 0 >"$trace/events/$group/enable"

# Prints the calls of a read: allocations of Hermes, those of libfuse for its requests, reference counts.
python3 - "$HERMES" "$trace/trace" "$reads" >"$WORK/counts" <<'PYTHON'
import bisect, collections, re, subprocess, sys
symbols = []
for line in subprocess.run(["nm", "-n", sys.argv[1]], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
    parts = line.split()
    if len(parts) == 3:
        symbols.append((int(parts[0], 16), parts[2]))
starts = [start for start, _ in symbols]
counts, callers = collections.Counter(), collections.Counter()
for line in open(sys.argv[2]):
    found = re.search(r" (\w+): \(0x[0-9a-f]+\) caller=0x([0-9a-f]+)", line)
    if found:
        caller = symbols[bisect.bisect(starts, int(found[2], 16)) - 1][1]
        kind = "retain" if found[1] == "swift_retain" else "libfuse" if caller.startswith("fuse_") else "own"
        counts[kind] += 1
        callers[f"{found[1]} of {caller}"] += 1
for caller, count in callers.most_common(5):
    print(f"{count} {caller}", file=sys.stderr)
print(*[f"{counts[kind] / int(sys.argv[3]):.3f}" for kind in ("own", "libfuse", "retain")])
PYTHON
read -r own libfuse retains <"$WORK/counts"
row "allocations of Hermes for a cached read" "$own" "0"
row "reference counts taken for a cached read" "$retains" "0"
row "allocations of libfuse for it, a request's own record" "$libfuse" "1"
