# shellcheck shell=bash
# What the tests of a daemon that outlives itself share: containers on lazy images that sleep and are read, and what becomes of their
# daemon. Source after daemon.sh; its functions use containerd_start's containerd.

PAUSE=$REGISTRY/test/pause:latest
# It has no index and stands on the two lowest layers of IMAGE, which are a folder of their own on the mount.
OTHER=$REGISTRY/test/other:latest
FILLED=$REGISTRY/test/filled:latest
# Where readers_end prints, as the output of a check is hidden.
exec 3>&1

# make_large_image NAME: the image test/NAME of four files, which takes the background a while to fetch.
make_large_image() {
    umoci new --image "$shared/oci:$1"
    umoci unpack --image "$shared/oci:$1" "$shared/$1"
    mkdir -p "$shared/$1/rootfs/bin" "$shared/$1/rootfs/data"
    cp /bin/busybox "$shared/$1/rootfs/bin/busybox"
    local number
    for number in 1 2 3 4; do head -c 30000000 /dev/urandom >"$shared/$1/rootfs/data/$number"; done
    touch -d 2020-01-01 "$shared/$1/rootfs/data"
    umoci repack --image "$shared/oci:$1" "$shared/$1"
    push_layout "$shared/oci:$1" "test/$1:latest"
}

# daemon_begin: starts the daemon, and does not wait for it.
daemon_begin() {
    "$HERMES" daemon --root "$ROOT" --address "$SOCKET" 2>>"$shared/daemon.log" &
    echo $! >"$shared/pid"
}
daemon_begun() { wait_until 30 answered_by "$(daemon_pid)"; }
# containerd connects again after a moment, and refuses calls until then.
connected() { wait_until 30 reaches_the_daemon; }
# A listing of no snapshots asks nobody.
reaches_the_daemon() {
    ctr_ -n k8s.io snapshots --snapshotter hermes prepare connected && ctr_ -n k8s.io snapshots --snapshotter hermes rm connected
}
status() { "$HERMES" daemon status --address "$SOCKET" --format json; }
holder() { pgrep -fx "hermes holder /run/hermes/holders/$(printf %s "$ROOT/images" | sha256sum | cut -c 1-32) 180"; }
no_holder() { ! holder; }
slot_count() { jq '.slots | length' "$ROOT/slots"; }
has_slots() { (($(slot_count) == $1)); }

# sleeper IMAGE NUMBER: a container that sleeps, with a number in this test. inside NUMBER: its root folder. wake NUMBER: ends it, and
# waits until its pod is removed, which `cri run` does then.
sleeper() {
    cri run "sleep-$2" "$1" /bin/busybox sleep "$(seconds "$2")" >"$shared/sleep-$2" 2>&1 &
    echo $! >"$shared/sleep-$2.pid"
    wait_until 60 sleeps "$2" || {
        cat "$shared/sleep-$2"
        return 1
    }
}
# A container is found by how long it sleeps, which no other run's does.
seconds() { echo $((100000000 + 10 * $$ + $1)); }
sleeps() { pgrep -fx "/bin/busybox sleep $(seconds "$1")"; }
inside() { echo "/proc/$(sleeps "$1")/root"; }
wake() {
    # The first process of a pod ignores SIGTERM.
    kill -KILL "$(sleeps "$1")"
    wait_until 60 process_gone "$(cat "$shared/sleep-$1.pid")"
    cat "$shared/sleep-$1"
}

wake_all() {
    local number
    for number in 1 2 3 4 5; do if sleeps "$number" >/dev/null; then wake "$number" || true; fi; done
}
# Again where `cri run` removes one at the same time.
remove_pods() { soon 60 cri rmp; }

# read_all NUMBER TREE: four programs read the files of TREE in that container again and again, until readers_end.
read_all() {
    rm -f "$shared/$1.stop"
    "$HERE/survive_readers.py" "$(inside "$1")" "$2" "$shared/$1.stop" 4 >"$shared/$1.readers" 2>&1 &
    echo $! >"$shared/$1.pid"
}
readers_begin() {
    read_all 1 "$shared/bundle/rootfs"
    read_all 2 "$shared/other/rootfs"
}
readers_end() {
    local number
    for number in 1 2; do
        touch "$shared/$number.stop"
        wait_until 60 process_gone "$(cat "$shared/$number.pid")"
        cat "$shared/$number.readers"
        wait "$(cat "$shared/$number.pid")"
        echo "longest wait in s: $(jq .longest "$shared/$number.readers")" >&3
    done
}
# doze MILLISECONDS: sleeps for less than that, at random.
doze() { sleep "$(printf '0.%03d' $((RANDOM % $1)))"; }
same_files() { diff -r --no-dereference "$1/data" "$2/data"; }
all_verified() { [[ $(status | jq '[.images[] | select(.verified | not)] | length') == 0 ]]; }
# cold_read_fails FILE: a read of it that the page cache does not have gives EIO.
cold_read_fails() {
    not python3 -c 'import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
os.read(file, 4096)' "$1" 2>"$shared/error"
    cat "$shared/error"
    grep -q 'Errno 5' "$shared/error"
}
containers_start() {
    cri pull "$IMAGE"
    cri pull "$OTHER"
    (($(row_count lazy) == 3))
    sleeper "$IMAGE" 1
    sleeper "$OTHER" 2
    wait_until 20 has_slots 2
    holder
}
# mount_number: the mount's, which another mount does not have.
mount_number() { awk -v path="$ROOT/images" '$5 == path {print $1}' /proc/self/mountinfo; }
