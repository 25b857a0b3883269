#!/usr/bin/env bash
# Fuzzes the readers of hostile bytes: scripts/fuzz.sh [--seconds N] [TARGET...], each target for N seconds, three without the
# option, all of them without a name. Starts from Fuzz/Corpus/TARGET; inputs that reach new code collect in
# $HERMES_BUILD/fuzz/corpus, where a later run goes on. Prints an ok or FAIL line per target, how many inputs each read, and the
# counts; inputs that fail stay in $HERMES_BUILD/fuzz/failures, and $HERMES_BUILD/fuzz/targets/TARGET FILE reads one again.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/check.sh"
build_alone "$@"
cd "$HERMES_ROOT"

seconds=3
if [[ ${1:-} == --seconds ]]; then
    seconds=${2:-}
    [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds takes a number"
    shift 2
fi

# libFuzzer, as the Swift toolchain brings it: without a main function, as the program chooses the target.
library=$(swiftc -print-target-info | jq -r .paths.runtimeResourcePath)/clang/lib/linux/libclang_rt.fuzzer_no_main-$(uname -m).a
[[ -f $library ]] || die "the Swift toolchain has no libFuzzer: $library"

work=$HERMES_BUILD/fuzz
# Optimised, like what is installed, and with every check that traps; internal names are open to the targets.
say "building the fuzz targets"
quietly env HERMES_FUZZ=1 swift build -c release --product hermes-fuzz --scratch-path "$work" --sanitize address \
    -Xswiftc -enable-testing -Xswiftc -sanitize-coverage=edge,trace-cmp,inline-8bit-counters,pc-table \
    -Xswiftc -use-ld=lld -Xlinker "$library" -Xlinker -lstdc++
binary=$work/release/hermes-fuzz
mapfile -t targets < <("$binary")
(($#)) || set -- "${targets[@]}"
mkdir -p "$work/targets" "$work/failures"

# The files that a target writes are in memory.
TMPDIR=$(mktemp -d /dev/shm/hermes-fuzz.XXXXXX)
on_exit rm -rf --one-file-system "$TMPDIR"
export TMPDIR
# A trap is libFuzzer's to report, and what libraries keep to the end is no leak.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0

fuzz() {
    local found=$work/corpus/$1
    [[ " ${targets[*]} " == *" $1 "* ]]
    ln -sf ../release/hermes-fuzz "$work/targets/$1"
    mkdir -p "$found"
    nice -n 19 "$work/targets/$1" -max_total_time="$seconds" -timeout=20 -print_final_stats=1 \
        -artifact_prefix="$work/failures/$1-" "$found" "Fuzz/Corpus/$1" 2>&1 | tee "$TMPDIR/said-$1"
}
inputs() { awk '$1 == "stat::number_of_executed_units:" {print $2}' "$TMPDIR/said-$1"; }

for target in "$@"; do check "fuzz $target" fuzz "$target"; done
say "inputs: $(for target in "$@"; do echo "$target $(inputs "$target")"; done | paste -sd ',' | sed 's/,/, /g')"
check_summary fuzz
