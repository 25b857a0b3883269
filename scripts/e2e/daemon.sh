# shellcheck shell=bash
# What the tests of the daemon share: the daemon, an image that runs, a containerd beside it. Source after lib.sh.

. "$HERMES_ROOT/scripts/containerd.sh"

make_temp shared
ROOT=$shared/root
SNAPSHOTS=$ROOT/snapshots
SOCKET=$shared/hermes.sock

# daemon_start [COMMAND...]: hermes daemon in the background with DAEMON_OPTIONS, run by COMMAND if there is one, until it answers.
# Sets DAEMON_PID.
DAEMON_OPTIONS=()
# shellcheck disable=SC2120
daemon_start() {
    "$@" "$HERMES" daemon --root "$ROOT" --address "$SOCKET" "${DAEMON_OPTIONS[@]}" 2>>"$shared/daemon.log" &
    DAEMON_PID=$!
    wait_until 20 answered_by "$DAEMON_PID" || {
        cat "$shared/daemon.log"
        return 1
    }
}
answered_by() { [[ -S $SOCKET ]] && ctr_socket_answers; }
ctr_socket_answers() {
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$SOCKET"
}
# Checks run in subshells, so the process is found by what it left: its number in a file.
daemon_up() {
    daemon_start
    echo "$DAEMON_PID" >"$shared/pid"
}
daemon_pid() { cat "$shared/pid"; }
# daemon_end: ends the daemon, and the mount that it leaves to its holder while images are shown.
daemon_end() {
    kill -TERM "$(daemon_pid)" 2>/dev/null || true
    wait_until 30 process_gone "$(daemon_pid)" || true
    unmount_held "$ROOT/images"
}
daemon_gone() {
    kill -s "$1" "$(daemon_pid)"
    wait_until 30 process_gone "$(daemon_pid)"
}

# make_images: in the layout $shared/oci the image "small" of three layers that runs: busybox, a folder that is replaced, a file
# that is removed, links; "other", which has two layers of these and one of its own; "pause" for the sandboxes of pods.
make_images() {
    local rootfs=$shared/bundle/rootfs
    umoci init --layout "$shared/oci"
    umoci new --image "$shared/oci:small"
    umoci unpack --image "$shared/oci:small" "$shared/bundle"
    mkdir -p "$rootfs/bin" "$rootfs/data/old" "$rootfs/tmp"
    cp /bin/busybox "$rootfs/bin/busybox"
    ln -s busybox "$rootfs/bin/sh"
    # A time that differs by whole seconds, or umoci may leave a folder out of a layer.
    touch -d 2020-01-01 "$rootfs/data"
    umoci repack --image "$shared/oci:pause" "$shared/bundle"
    umoci config --image "$shared/oci:pause" --config.entrypoint /bin/busybox --config.cmd sleep --config.cmd 1000000
    head -c 3000000 /dev/urandom >"$rootfs/data/large"
    ln "$rootfs/data/large" "$rootfs/data/again"
    touch "$rootfs/data/old/gone"
    touch -d 2020-01-01 "$rootfs/data"
    umoci repack --image "$shared/oci:small" --refresh-bundle "$shared/bundle"
    rm -r "$rootfs/data/old"
    chmod 1777 "$rootfs/tmp"
    head -c 2000000 /dev/urandom >"$rootfs/data/second"
    touch -d 2020-01-02 "$rootfs/data"
    umoci repack --image "$shared/oci:small" --refresh-bundle "$shared/bundle"
    umoci tag --image "$shared/oci:small" base
    echo third >"$rootfs/data/third"
    touch -d 2020-01-03 "$rootfs/data"
    umoci repack --image "$shared/oci:small" "$shared/bundle"
    umoci unpack --image "$shared/oci:base" "$shared/other"
    echo other >"$shared/other/rootfs/data/other"
    rm "$shared/other/rootfs/data/second"
    touch -d 2020-01-04 "$shared/other/rootfs/data"
    umoci repack --image "$shared/oci:other" "$shared/other"
    local name
    for name in small other pause; do push_layout "$shared/oci:$name" "test/$name:latest"; done
}

# make_plain_image: "plain", which has no layer of the others; no index is built for it.
make_plain_image() {
    umoci new --image "$shared/oci:plain"
    umoci unpack --image "$shared/oci:plain" "$shared/plain"
    mkdir -p "$shared/plain/rootfs/bin" "$shared/plain/rootfs/data"
    cp /bin/busybox "$shared/plain/rootfs/bin/busybox"
    echo plain >"$shared/plain/rootfs/data/plain"
    umoci repack --image "$shared/oci:plain" "$shared/plain"
    push_layout "$shared/oci:plain" test/plain:latest
}

IMAGE=$REGISTRY/test/small:latest
PLAIN=$REGISTRY/test/plain:latest
# What the daemon itself knows: containerd keeps names of its own, and removes by garbage collection, a moment later.
row_count() {
    python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM " + sys.argv[2]).fetchone()[0])' \
        "$ROOT/metadata.db" "$1"
}
rows() { row_count snapshots; }
