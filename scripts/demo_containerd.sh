#!/usr/bin/env bash
# The demo under containerd: a container of an indexed image, asked for as a kubelet asks (CRI), started lazily by hermes daemon;
# then the same with a full pull into containerd's own overlayfs snapshotter. Every figure is measured in this run. Needs root;
# touches no other containerd, and cleans up after itself, also on ctrl-C. The variables that it takes are in demo_lib.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/demo_lib.sh"
. "$HERMES_ROOT/scripts/containerd.sh"
[[ $(id -u) == 0 ]] || die "the demo mounts file systems and needs root"
hermes=$HERMES_ROOT/bin/hermes
[[ -x $hermes ]] || die "no bin/hermes: run make"
make_temp work
demo_image_pushed

demo_pause_pushed

say "hermes index build --push $image"
"$hermes" index build --plain-http --push --output "$work/index" "$image"

# measure NAME: pulls the image, runs the command in a pod, and removes the pod; sets NAME_pull, NAME_run (milliseconds from the
# start of the pull), and NAME_pull_bytes and NAME_run_bytes, what the registry had sent by then. The sandbox's image is there
# before, as on a node that runs pods.
measure() {
    local -n pull=$1_pull run=$1_run pull_bytes=$1_pull_bytes run_bytes=$1_run_bytes
    local start
    cri pull "$pause" >/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    sent_before=$(sent_total)
    start=$(now_ms)
    cri pull "$image" >/dev/null
    pull=$(($(now_ms) - start))
    pull_bytes=$(bytes_sent)
    cri run demo "$image" /bin/sh -c "$command" >"$work/$1.out"
    run=$(($(now_ms) - start))
    run_bytes=$(bytes_sent)
}

# A pod outlives its containerd, so it goes first when the demo is interrupted.
remove_pods() { process_gone "$CONTAINERD_PID" || cri rmp; }

say "lazily, with hermes daemon as containerd's snapshotter: $command"
demo_daemon_start
containerd_start "$work/lazy" "$work/hermes.sock" "$pause"
on_exit remove_pods
measure lazy
demo_was_lazy
cat "$work/lazy.out"
cri rmp
stop_process "$CONTAINERD_PID"
stop_process "$daemon_pid"

say "after a full pull, with containerd's overlayfs snapshotter"
CRI_SNAPSHOTTER=overlayfs containerd_start "$work/full" "" "$pause"
on_exit remove_pods
measure full
cri rmp
cmp -s "$work/lazy.out" "$work/full.out" || die "the program printed something else from the pulled image"

echo
row "" "hermes daemon" "pull with overlayfs"
row "image pulled" "$(seconds "$lazy_pull")" "$(seconds "$full_pull")"
row "  bytes by then" "$(megabytes "$lazy_pull_bytes")" "$(megabytes "$full_pull_bytes")"
row "  share of the image" "$(percent "$lazy_pull_bytes" "$image_size")" "$(percent "$full_pull_bytes" "$image_size")"
row "program finished" "$(seconds "$lazy_run")" "$(seconds "$full_run")"
row "  bytes by then" "$(megabytes "$lazy_run_bytes")" "$(megabytes "$full_run_bytes")"
row "  share of the image" "$(percent "$lazy_run_bytes" "$image_size")" "$(percent "$full_run_bytes" "$image_size")"
echo
echo "  image: $(megabytes "$image_size") compressed in $layers layers"
echo "  hermes daemon fetches the rest in the background from the first moment, and its bytes include the index"
