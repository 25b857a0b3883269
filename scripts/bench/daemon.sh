#!/usr/bin/env bash
# Benchmarks of hermes daemon under containerd, with a registry on loopback: the large image pulled as a kubelet pulls it, a
# container of it, many images at once. daemon.sh [pull|many]...; both without one.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/containerd.sh"
registry_start "$WORK/registry"
image=$REGISTRY/bench/vllm:latest
pause=$REGISTRY/bench/pause:latest

# sleeping_image NAME: a small image whose program sleeps.
sleeping_image() {
    umoci init --layout "$WORK/$1"
    umoci new --image "$WORK/$1:latest"
    umoci unpack --image "$WORK/$1:latest" "$WORK/$1.bundle"
    mkdir "$WORK/$1.bundle/rootfs/bin"
    cp /bin/busybox "$WORK/$1.bundle/rootfs/bin/busybox"
    umoci repack --image "$WORK/$1:latest" "$WORK/$1.bundle"
    umoci config --image "$WORK/$1:latest" --config.entrypoint /bin/busybox --config.cmd sleep --config.cmd 1000000
    push_layout "$WORK/$1:latest" "bench/$1:latest"
}
quietly sleeping_image pause

# daemon_start DISABLE: hermes daemon, without the background's fetching if DISABLE is "true", until it answers. Sets DAEMON_PID.
daemon_start() {
    printf '[background_fetch]\ndisable = %s\n' "$1" >"$WORK/daemon.toml"
    daemon_begin
    wait_until 20 test -S "$WORK/hermes.sock" || die "hermes daemon did not start: $(tail -n 3 "$WORK/daemon.log")"
}
daemon_begin() {
    "$HERMES" daemon --root "$WORK/root" --address "$WORK/hermes.sock" --config "$WORK/daemon.toml" 2>>"$WORK/daemon.log" &
    DAEMON_PID=$!
    # What the daemon leaves to its holder while images are shown.
    on_exit unmount_held "$WORK/root/images"
    on_exit stop_process "$DAEMON_PID"
}
no_images() { [[ -z $(ls -A "$WORK/root/images") ]]; }
# forget: removes the image, and waits until the daemon has.
forget() {
    cri rmi "$image"
    wait_until 60 no_images || die "the image stays"
}
# forget_starts: the starts that the daemon saw, and the image's documents, would help the next.
forget_starts() { rm -f "$WORK/root/cache/startups/"* "$WORK/root/cache/documents/"*; }
is_complete() { [[ $("$HERMES" daemon status --address "$WORK/hermes.sock" --format json | jq '.images[0].complete') == true ]]; }
resident() { awk '/^VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$DAEMON_PID/status"; }

bench_pull() {
    local vllm
    vllm=$("$HERE/image.sh")
    push_layout "$vllm:latest" bench/vllm:latest
    quietly "$HERMES" index build --plain-http --push --output "$WORK/index" "$image"
    daemon_start true
    containerd_start "$WORK/containerd" "$WORK/hermes.sock" "$pause"
    cri pull "$pause" >/dev/null
    local run start
    for run in 1 2 3; do
        drop_caches
        cri pull "$image" >>"$WORK/cold"
        start=$(now_us)
        cri run "cold-$run" "$image" /bin/true
        echo $((($(now_us) - start) / 1000)) >>"$WORK/run.cold"
        # With the image, the daemon deletes its index and what was fetched.
        cp -a --sparse=always "$WORK/root/cache" "$WORK/kept"
        forget
        cp -a --sparse=always "$WORK/kept/." "$WORK/root/cache/"
        rm -rf "$WORK/kept"
        drop_caches
        cri pull "$image" >>"$WORK/again"
        forget
        forget_starts
    done
    # As it is used, with the rest in the background.
    printf '[background_fetch]\ndisable = false\n' >"$WORK/daemon.toml"
    kill -HUP "$DAEMON_PID"
    wait_until 20 grep -q 'a setting has changed' "$WORK/daemon.log" || die "the daemon keeps its configuration"
    for run in 1 2 3; do
        drop_caches
        start=$(now_us)
        cri pull "$image" >/dev/null
        wait_until 600 is_complete || die "the image does not get complete"
        echo $((($(now_us) - start) / 1000)) >>"$WORK/fill"
        forget
        forget_starts
    done
    # The same by containerd's own snapshotter, in another containerd with an empty store.
    CRI_SNAPSHOTTER=overlayfs
    containerd_start "$WORK/plain" "$WORK/hermes.sock" "$pause"
    cri pull "$pause" >/dev/null
    drop_caches
    cri pull "$image" >>"$WORK/overlayfs"
    for run in 1 2 3; do
        start=$(now_us)
        cri run "plain-$run" "$image" /bin/true
        echo $((($(now_us) - start) / 1000)) >>"$WORK/run.warm"
    done
    unset CRI_SNAPSHOTTER
    row "CRI PullImage, index in the registry" "$(median <"$WORK/cold") ms" "<= 1000 ms"
    row "the same against containerd's pull with overlayfs" "$(percent "$(median <"$WORK/cold")" "$(cat "$WORK/overlayfs")")" "<= 1 %"
    row "again, with its index on the node" "$(median <"$WORK/again") ms" "<= 150 ms"
    row "the whole image on the node, against containerd's pull" "$(ratio "$(median <"$WORK/fill")" "$(cat "$WORK/overlayfs")")" "<= 0.4"
    row "pod of /bin/true, cold, above overlayfs warm" \
        "$(awk -v a="$(median <"$WORK/run.cold")" -v b="$(median <"$WORK/run.warm")" 'BEGIN {print a - b}') ms" "<= 200 ms"
    stop_process "$DAEMON_PID"
}

# Fifty images, each with a layer of its own: the same files and a number.
bench_many() {
    local number names=()
    unmount_held "$WORK/root/images"
    rm -rf "$WORK/root"
    daemon_start false
    containerd_start "$WORK/many" "$WORK/hermes.sock" "$pause"
    quietly sleeping_image base
    for number in {1..50}; do
        umoci unpack --image "$WORK/base:latest" "$WORK/bundle.$number" >/dev/null 2>&1
        cp -r /usr/lib/python3/dist-packages "$WORK/bundle.$number/rootfs/files"
        echo "$number" >"$WORK/bundle.$number/rootfs/number"
        umoci repack --image "$WORK/base:many-$number" "$WORK/bundle.$number" >/dev/null 2>&1
        rm -rf "$WORK/bundle.$number"
        push_layout "$WORK/base:many-$number" "bench/many-$number:latest"
        quietly "$HERMES" index build --plain-http --push --output "$WORK/many.index" "$REGISTRY/bench/many-$number:latest"
        names+=("$REGISTRY/bench/many-$number:latest")
    done
    for name in "${names[@]}"; do cri pull "$name" >/dev/null; done
    find "$WORK/root/images" -type f -print0 | xargs -0 cat >/dev/null
    local shown named
    named=$(dirname "$(grep -lx 25 "$WORK/root/images/"*/number)")
    named=${named##*/}
    shown=$(find "$WORK/root/images" -mindepth 1 -maxdepth 1 | wc -l)
    row "resident memory with $shown images mounted and read" "$(resident) MiB" "<= 150 MiB"
    row "threads" "$(find "/proc/$DAEMON_PID/task" -mindepth 1 -maxdepth 1 | wc -l)" "<= 30"
    row "descriptors" "$(find "/proc/$DAEMON_PID/fd" -mindepth 1 -maxdepth 1 | wc -l)" "<= 1000"
    local run start
    for run in 1 2 3 4 5; do
        drop_caches
        kill -KILL "$DAEMON_PID"
        wait "$DAEMON_PID" || true
        start=$(now_us)
        daemon_begin
        # The reader waits for the next daemon, which opens all images before it answers.
        [[ $(cat "$WORK/root/images/$named/number") == 25 ]]
        echo $((($(now_us) - start) / 1000)) >>"$WORK/restart"
    done
    row "restart to the first answered read, $shown images mounted" "$(median <"$WORK/restart") ms" "<= 500 ms"
    stop_process "$DAEMON_PID"
}

benches=("$@")
((${#benches[@]})) || benches=(pull many)
for bench in "${benches[@]}"; do "bench_$bench"; done
