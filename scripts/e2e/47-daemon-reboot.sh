#!/usr/bin/env bash
# A node restarts: containers, containerd, the daemon and its holder are gone, and so are all mounts and what /run had. Everything
# starts again from the disk, without a registry.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"
. "$(dirname "$0")/containers.sh"

containers_are_complete() {
    containers_start
    wait_until 60 all_verified
    # Its two lowest layers, on which the other stands, are an image of the same manifest.
    status | jq -r '.images[].manifest' | sort -u >"$shared/manifest"
}

# as_after_a_boot: ends all that runs here, and leaves what a disk keeps. Only the kernel itself is not another one, so its boot ID is
# changed where it is written down.
as_after_a_boot() {
    local shims children path
    kill -KILL "$CONTAINERD_PID"
    shims=$(pgrep -f "containerd-shim-runc-v2 .*$CONTAINERD_SOCKET")
    children=$(pgrep -P "${shims//$'\n'/,}")
    # shellcheck disable=SC2086
    kill -KILL $shims $children "$(daemon_pid)" "$(holder)"
    wait_until 30 nothing_runs
    while read -r path; do umount -lf "$path"; done < <(mounts_here | tac)
    [[ -z $(mounts_here) ]]
    for path in "$shared"/containerd/state/io.containerd.runtime.v2.task/k8s.io/*; do
        rm -rf "/run/containerd/runc/k8s.io/${path##*/}"
        rm -f "$(sed 's,^unix://,,' "$path/address")"
    done
    rm -r "$shared/containerd/state" "$SOCKET"
    rm -f "/run/hermes/holders/$(key "$ROOT/images")"* "/run/hermes/crashes/$(key "$ROOT")"
    jq --arg boot "$(tr -d - </proc/sys/kernel/random/uuid)" '.boot = $boot' "$ROOT/slots" >"$shared/slots"
    cp "$shared/slots" "$ROOT/slots"
    for path in "$ROOT"/cache/layers/*/present; do
        # As PresenceFile.swift describes it.
        dd if=/dev/urandom of="$path" bs=1 seek=16 count=16 conv=notrunc
    done
}
key() { printf %s "$1" | sha256sum | cut -c 1-32; }
mounts_here() { awk -v folder="$shared/" 'index($5, folder) == 1 {print $5}' /proc/self/mountinfo; }
nothing_runs() {
    not pgrep -f "containerd-shim-runc-v2 .*$CONTAINERD_SOCKET" && not sleeps 1 && not sleeps 2 && no_holder &&
        process_gone "$(daemon_pid)"
}

shows_images_before_containerd_asks() {
    as_after_a_boot
    daemon_up
    same_files "$shared/bundle/rootfs" "$ROOT/images/$(cut -d : -f 2 "$shared/manifest")"
    [[ $(status | jq -c '[.images[].verified, (.lost | length)]') == '[true,0]' ]]
}

containers_start_again() {
    connected
    # As a kubelet does with pods whose containers are gone.
    remove_pods
    cri run sums "$IMAGE" /bin/busybox sh -c 'cat /data/large /data/second | md5sum' >"$shared/sum"
    cat "$shared/bundle/rootfs/data/large" "$shared/bundle/rootfs/data/second" | md5sum | diff - "$shared/sum"
    sleeper "$IMAGE" 1
    sleeper "$OTHER" 2
    same_files "$shared/bundle/rootfs" "$(inside 1)"
    same_files "$shared/other/rootfs" "$(inside 2)"
}

leaves_nothing() {
    remove_pods
    local image
    for image in "$IMAGE" "$OTHER" "$PAUSE"; do cri rmi "$image"; done
    wait_until 60 nothing_left
}
nothing_left() { (($(rows) == 0)) && [[ -z $(find "$SNAPSHOTS" "$ROOT/images" -mindepth 1) ]]; }

quietly make_images
quietly index_build --push --output "$shared/index" "$IMAGE"
daemon_up
on_exit daemon_end
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"
on_exit wake_all

check "two containers stand on images that are complete" containers_are_complete
kill -STOP "$REGISTRY_PID"
on_exit kill -CONT "$REGISTRY_PID"
check "after a boot, images are mounted again before containerd asks" shows_images_before_containerd_asks
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"
check "their containers start again without a registry, and read right bytes" containers_start_again
kill -CONT "$REGISTRY_PID"
check "nothing is left of removed images" leaves_nothing
check_summary "$(basename "$0" .sh)"
