#!/usr/bin/env bash
# Benchmarks of the read path with nothing cached: the large image from a registry on loopback, and over a link of 1 Gbit/s
# with a round trip of 1 ms, beside what containerd and the local disk do. cold.sh [whole|fill|reads|start]...; all without
# one, which takes ten minutes.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERE/network.sh"
. "$HERMES_ROOT/scripts/containerd.sh"
vllm=$("$HERE/image.sh")
link_up 500 1000
# An address of this machine: from here it is loopback, from the other side it is behind the link.
registry_start "$WORK/registry" "$LINK_SERVER"
push_layout "$vllm:latest" bench/vllm:latest
image=$REGISTRY/bench/vllm:latest
quietly "$HERMES" index build --output "$WORK/index" "oci:$vllm"
manifest=$vllm/blobs/sha256/$(jq -r '.manifests[0].digest' "$vllm/index.json" | cut -d: -f2)
size=$(jq '[.layers[].size] | add' "$manifest")
mkdir "$WORK/mount" "$WORK/unpacked"

# cold_mount [ARGUMENT...]: the image mounted with an empty cache; cold_unmount ends it and leaves its last words in the log.
cold_mount() {
    drop_caches
    : >"$WORK/mount.log"
    start_mount --plain-http --index "$WORK/index" --cache "$WORK/cache" "$@" "$image" "$WORK/mount"
}
cold_unmount() {
    stop_mount
    rm -rf "$WORK/cache"
}

# On loopback: every file read through the mount, against download and unpacking, which leaves the tree in $WORK/unpacked.
pull=
unpack() {
    [[ -z $pull ]] || return 0
    containerd_start "$WORK/containerd"
    drop_caches
    pull=$(elapsed quietly ctr_ images pull --plain-http "$image")
    ctr_ images mount "$image" "$WORK/unpacked" >/dev/null
    on_exit unmount "$WORK/unpacked"
}
read_all() { find "$1" -xdev -type f -print0 | xargs -0 cat; }
bench_whole() {
    unpack
    MOUNT_PREFIX=()
    cold_mount
    local whole
    whole=$(elapsed read_all "$WORK/mount")
    cold_unmount
    row "cat of every file, registry on loopback, against containerd's pull" "$(ratio "$whole" "$pull")" "<= 1.0"
}

# Over the link from here on. Its own speed, and that of gzip:
largest=$(jq -r '.layers | max_by(.size).digest' "$manifest")
link=$(beyond curl -sS -o /dev/null -w '%{speed_download}' "http://$REGISTRY/v2/bench/vllm/blobs/$largest")
mapfile -t layers < <(jq -r '.layers[].digest' "$manifest" | cut -d: -f2)
layers=("${layers[@]/#/$vllm/blobs/sha256/}")
inflate_all() { printf '%s\n' "${layers[@]}" | xargs -P "$(nproc)" -n 1 gzip -dc; }
across() { MOUNT_PREFIX=(nsenter "--net=$LINK_SPACE"); }

# Fill, against what the link or all cores inflating could do.
bench_fill() {
    across
    cat "${layers[@]}" >/dev/null
    local inflating start fill requests
    inflating=$(elapsed inflate_all)
    cold_mount --fill
    start=$(now_us)
    wait_until 600 grep -q complete "$WORK/mount.log" || die "the fill did not end"
    fill=$(($(now_us) - start))
    cold_unmount
    requests=$(grep -oE 'in [0-9]+ requests' "$WORK/mount.log" | grep -oE '[0-9]+')
    row "background fill over 1 Gbit/s, 1 ms, against the link or all cores inflating" \
        "$(awk -v size="$size" -v us="$fill" -v link="$link" -v inflating="$inflating" 'BEGIN {
            cores = size / inflating * 1e6; best = link < cores ? link : cores
            printf "%.2f", size / us * 1e6 / best}')" ">= 0.9"
    row "requests of that fill per 8 MiB of compressed layers" "$(ratio "$((requests << 23))" "$size")" "<= 1"
}

# One cold random read: a round trip, the transfer of one span, and inflating it at gzip's speed.
bench_reads() {
    across
    cold_mount
    python3 "$HERE/cold_reads.py" "$WORK/mount" 1000 >"$WORK/reads"
    cold_unmount
    local spans connect
    spans=$("$HERMES" index inspect --format json "$WORK/index" | jq '[.. | .spans? // empty] | add')
    connect=$(for _ in {1..50}; do beyond curl -sS -o /dev/null -w '%{time_connect}\n' "http://$REGISTRY/v2/"; done | median)
    user_time "$WORK/gzip" gzip -dc "${layers[@]}"
    row "cold random 4 KiB read, p50 of 1,000, against round trip, transfer and inflating" \
        "$(awk -v read="$(median <"$WORK/reads")" -v connect="$connect" -v size="$size" -v spans="$spans" -v link="$link" \
            -v plain="$(cat "$WORK/gzip")" \
            'BEGIN {printf "%.2f", read / (connect + size / spans / link + plain / spans)}')" "<= 1.5"
}

# A program's start: cold mount over the link, against the unpacked tree with cold kernel caches; for the first time, and
# when an earlier start of the image was seen, of which nothing is left but which spans it touched.
import_torch() {
    # The mount lets no device be opened, so both get the machine's.
    unshare -m bash -euc '
        mount -t proc proc "$0/proc"
        mount -t tmpfs tmp "$0/tmp"
        mount --bind /dev "$0/dev"
        chroot "$0" python3 -B -c "import torch"' "$1"
}
bench_start() {
    unpack
    across
    for _ in 1 2 3; do
        drop_caches
        elapsed import_torch "$WORK/unpacked" >>"$WORK/local"
        cold_mount
        elapsed import_torch "$WORK/mount" >>"$WORK/lazy"
        stop_mount
        find "$WORK/cache" -mindepth 1 -maxdepth 1 ! -name startups -exec rm -r {} +
        cold_mount
        elapsed import_torch "$WORK/mount" >>"$WORK/again"
        awk '/^VmRSS/ {print $2 / 1024}' "/proc/$MOUNT_PID/status" >>"$WORK/resident"
        cold_unmount
    done
    row "import torch over 1 Gbit/s, 1 ms, start seen before, against local disk" \
        "$(ratio "$(median <"$WORK/again")" "$(median <"$WORK/local")")" "<= 1.5"
    row "import torch, the same, first start ever" \
        "$(ratio "$(median <"$WORK/lazy")" "$(median <"$WORK/local")")" "<= 1.5"
    for _ in 1 2 3; do
        cold_mount --fill
        elapsed import_torch "$WORK/mount" >>"$WORK/filling"
        cold_unmount
    done
    row "import torch, first start ever, with --fill, against without" \
        "$(ratio "$(median <"$WORK/filling")" "$(median <"$WORK/lazy")")" "<= 1.2"
    row "resident memory of the mount after it" "$(printf '%.1f' "$(median <"$WORK/resident")") MiB" "<= 100 MiB"
}

benches=("$@")
((${#benches[@]})) || benches=(whole fill reads start)
for bench in "${benches[@]}"; do "bench_$bench"; done
