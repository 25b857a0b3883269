#!/usr/bin/env bash
# Cold starts of workloads with overlayfs and with Hermes over a link of 1 Gbit/s with a round trip of 1 ms:
# scripts/coldstart.sh [--rounds N] [--keep FOLDER] [--sweep SHARES] [WORKLOAD...], with names from scripts/workloads; all without one,
# which takes hours with the large image. Prints a row for each workload, with the medians of `hermes bench`; --keep keeps its reports
# (JSON, and HTML with charts). With --sweep no workload is started; the table of `hermes bench sweep` is printed for their images, of
# one round if not said otherwise. Needs root; a private containerd, registry and daemon are started and ended.
set -euo pipefail
. "$(dirname "$0")/bench/lib.sh"
. "$HERE/network.sh"
. "$HERMES_ROOT/scripts/containerd.sh"
. "$HERMES_ROOT/scripts/workloads/images.sh"

rounds='' keep=$WORK/reports shares=''
while [[ ${1:-} == --* ]]; do
    case $1 in
    --rounds) rounds=$2 ;;
    --keep) keep=$2 ;;
    --sweep) shares=$2 ;;
    *) die "there is no option $1" ;;
    esac
    shift 2
done
[[ -n $rounds ]] || { [[ -n $shares ]] && rounds=1 || rounds=5; }
workloads=("$@")
if ((${#workloads[@]} == 0)); then
    for file in "$HERMES_ROOT"/scripts/workloads/*.sh; do
        name=$(basename "$file" .sh)
        [[ $name == images ]] || workloads+=("$name")
    done
fi
for name in "${workloads[@]}"; do [[ -f $HERMES_ROOT/scripts/workloads/$name.sh ]] || die "there is no workload $name"; done
mkdir -p "$keep" "$HERMES_CACHE/bench"

link_up 500 1000
registry_start "$WORK/registry" "$LINK_SERVER"
# The registry is not on loopback, and has no TLS. This is the one file outside of the script's own folders.
hosts=/etc/containerd/certs.d/$REGISTRY
mkdir -p "$hosts"
on_exit rm -r "$hosts"
echo "server = \"http://$REGISTRY\"" >"$hosts/hosts.toml"

# Everything of the node's is behind the link: its containerd, its daemon and the bench.
# The daemon leaves its mount while an image goes, and a look into that would wait for the next daemon.
on_exit unmount_held "$WORK/root/images"
nsenter "--net=$LINK_SPACE" "$HERMES" daemon --root "$WORK/root" --address "$WORK/hermes.sock" 2>>"$WORK/daemon.log" &
on_exit stop_process "$!"
wait_until 20 test -S "$WORK/hermes.sock" || die "hermes daemon did not start: $(tail -n 3 "$WORK/daemon.log")"
# In a background or a pipe only: there the process becomes containerd.
containerd() { exec nsenter "--net=$LINK_SPACE" "$(type -P containerd)" "$@"; }
containerd_start "$WORK/containerd" "$WORK/hermes.sock"

node=(--address "$CONTAINERD_SOCKET" --daemon-address "$WORK/hermes.sock")

declare -A pushed=()
# push IMAGE: an image of the workloads with its index, once.
push() {
    [[ -z ${pushed[$1]:-} ]] || return 0
    workload_image "$1"
    push_layout "$LAYOUT:latest" "bench/$1:latest"
    quietly "$HERMES" index build --push --output "$WORK/index" "$REGISTRY/bench/$1:latest"
    pushed[$1]=yes
}

# figures REPORT: overlayfs's and Hermes' median of the whole start, both until the first answer or the end; their ratio; the ratio of
# the medians of each start's p99 of the requests after the first; the medians of the time until the node has the whole image; the starts
# that failed.
figures() {
    jq -r '
        def median: sort | if length == 0 then null elif length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
        def p99: sort | ((length - 1) * 0.99) as $at | ($at | floor) as $i |
            if length == 0 then null else .[$i] + ((.[$i + 1] // .[$i]) - .[$i]) * ($at - $i) end;
        def cold: [.starts[] | select(.isCold and .outcome == "complete") | [.phases[].seconds] | add] | median;
        def whole: [.starts[] | select(.isCold and .outcome == "complete") | .completeSeconds // empty] | median;
        def tail: [.starts[] | select(.outcome == "complete") | .warmSeconds | p99 // empty] | median;
        def number: if . == null then "-" else . * 100 | round / 100 | tostring end;
        def over($b): if . == null or $b == null or $b == 0 then null else . / $b end;
        .sides as [$o, $h] | [($o | cold | number), ($h | cold | number), (($o | cold) | over($h | cold) | number),
            (($h | tail) | over($o | tail) | number), ($o | whole | number), ($h | whole | number),
            ([.sides[].starts[] | select(.outcome != "complete")] | length)] | @tsv' "$1"
}

say "$(date -u +%Y-%m-%d), $(nproc) processors, Linux $(uname -r), containerd $(containerd_version), median of $rounds"
[[ -n $shares ]] ||
    printf '%-14s %12s %12s %8s %10s %12s %13s %7s\n' WORKLOAD OVERLAYFS HERMES RATIO 'WARM P99' 'IMAGE PULLED' 'IMAGE FILLED' FAILED
for name in "${workloads[@]}"; do
    # shellcheck source=/dev/null
    . "$HERMES_ROOT/scripts/workloads/$name.sh"
    image=$REGISTRY/bench/$WORKLOAD_IMAGE:latest
    if [[ -n $shares ]]; then
        # Workloads share images.
        [[ -z ${pushed[$WORKLOAD_IMAGE]:-} ]] || continue
        push "$WORKLOAD_IMAGE"
        beyond "$HERMES" bench sweep "${node[@]}" --rounds "$rounds" --shares "$shares" "$image"
        continue
    fi
    push "$WORKLOAD_IMAGE"
    beyond "$HERMES" bench "${node[@]}" --rounds "$rounds" --format json --html "$keep/$name.html" "$image" "${WORKLOAD[@]}" \
        >"$keep/$name.json" 2>"$WORK/bench.log" || die "$name: $(tail -n 1 "$WORK/bench.log")"
    IFS=$'\t' read -r overlayfs hermes ratio tail pulled filled failed < <(figures "$keep/$name.json")
    printf '%-14s %10s s %10s s %8s %10s %10s s %11s s %7s\n' "$name" "$overlayfs" "$hermes" "$ratio" "$tail" "$pulled" "$filled" "$failed"
done
