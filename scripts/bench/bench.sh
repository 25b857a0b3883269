#!/usr/bin/env bash
# The figures that the project holds itself to, each beside its bar: ratios of medians measured in one run on this
# machine. scripts/bench/bench.sh [index|mount|read|cold|daemon|controller|story|allocations]...; all without one. Needs root and, once, an image
# of 4 GB.
set -euo pipefail
cd "$(dirname "$0")"
benches=("$@")
((${#benches[@]})) || benches=(index mount read cold daemon controller story allocations)
./image.sh >/dev/null
printf '  %-66s %12s   %s\n' "" value bar
for bench in "${benches[@]}"; do "./$bench.sh"; done
