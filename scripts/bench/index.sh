#!/usr/bin/env bash
# Benchmarks of hermes index build: CPU against gzip, the index's size, memory.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
vllm=$("$HERE/image.sh")

# The sixth layer: 600 MB of wheels' files, code and libraries mixed.
blob=$(python3 "$HERE/one_layer.py" "$vllm" 5 "$WORK/layer")
for ((run = 0; run < 3; run++)); do
    user_time "$WORK/gzip" gzip -dc "$blob"
    rm -rf "$WORK/index"
    user_time "$WORK/build" "$HERMES" index build --jobs 1 --output "$WORK/index" "oci:$WORK/layer"
done
row "index build of one layer, user CPU against gzip -dc" "$(ratio "$(median <"$WORK/build")" "$(median <"$WORK/gzip")")" "<= 1.0"

compressed=$(find "$vllm/blobs" -type f -size +100k -printf '%s\n' | awk '{sum += $1} END {print sum}')
# index_size SPAN BAR: builds the large image's index and prints its share, compressed as it travels.
index_size() {
    user_time "$WORK/large" "$HERMES" index build --span-size "$1" --output "$WORK/index-$1" "oci:$vllm"
    local size=0 file
    for file in "$WORK/index-$1"/blobs/sha256/*; do size=$((size + $(zstd -q -c "$file" | wc -c))); done
    row "index after zstd, against the compressed layers, $1 spans" "$(percent "$size" "$compressed")" "$2"
}
index_size 4MiB "<= 0.25 %"
index_size 1MiB "<= 0.75 %"
row "resident memory while indexing (7 layers, largest 1.4 GB)" "$(($(sort -n "$WORK/large.rss" "$WORK/build.rss" | tail -n 1) / 1024)) MiB" "<= 200 MiB"
