#!/usr/bin/env bash
# Images that cannot be shown lazily, or not in time: a pull under containerd never fails for that. Many images and containers at
# once, and what is left of them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"
. "$(dirname "$0")/faults.sh"

# make_image NAME [BYTES]: the image test/NAME of two layers that no other image has. Its file /data/name has its name in it,
# /data/large random BYTES (300,000).
make_image() {
    local folder=$shared/images/$1
    mkdir -p "$folder/one/bin" "$folder/one/data" "$folder/two/data"
    cp /bin/busybox "$folder/one/bin/busybox"
    ln -s busybox "$folder/one/bin/sh"
    mkdir -m 1777 "$folder/one/tmp"
    echo "$1" >"$folder/one/data/name"
    echo "$1" >"$folder/one/data/replaced"
    head -c "${2:-300000}" /dev/urandom >"$folder/one/data/large"
    echo "$1 again" >"$folder/two/data/replaced"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" --level 1 "$folder/image" "$folder/one" "$folder/two"
    "$HERE/push.py" "$folder/image" "$REGISTRY" "test/$1" latest
}
# indexed_image NAME [BYTES]: the same, with its index among its referrers and in $shared/images/NAME/index.
indexed_image() {
    make_image "$@"
    index_build --push --span-size 64KiB --output "$shared/images/$1/index" "$REGISTRY/test/$1:latest"
}
# forged_image NAME HOW: the same, and its only referrer is what forge_index.py makes of its index.
forged_image() {
    make_image "$1"
    forge "$@"
}
forge() {
    local folder=$shared/images/$1
    index_build --span-size 64KiB --output "$folder/index" "$REGISTRY/test/$1:latest"
    python3 "$HERE/forge_index.py" "$folder/index" "$folder/forged" 7 "$2"
    "$HERE/push.py" "$folder/forged" "$REGISTRY" "test/$1" "" --referrer
}
manifest_digest() { skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/test/$1:latest" | sha256sum | cut -d' ' -f1; }

# runs NAME [REGISTRY]: a container of test/NAME shows its files.
runs() {
    local image=${2:-$REGISTRY}/test/$1:latest
    cri run "run-$1" "$image" /bin/busybox sh -c 'cat /data/name /data/replaced; md5sum </data/large' >"$shared/run-$1"
    printf '%s\n' "$1" "$1 again" "$(md5sum <"$shared/images/$1/one/data/large")" | diff - "$shared/run-$1"
}
# lazy_layers NAME: how many snapshots are based on test/NAME.
lazy_layers() { row_count "lazy WHERE image = 'sha256:$(manifest_digest "$1")'"; }

# Pulls that would wait for something that does not come.

# steps_aside NAME RULE: a pull of test/NAME while the proxy does this brings the whole image, in bounded time: the daemon waits for
# 2 seconds, and the rest of the limit is for a slow machine.
steps_aside() {
    make_temp work
    proxy_start
    faults "$2"
    local took
    took=$(timeout 100 /usr/bin/python3 "$HERMES_ROOT/scripts/cri.py" "$CONTAINERD_SOCKET" pull "$PROXY/test/$1:latest")
    echo "the pull took $took ms"
    ((took < 20000))
    # It was the index that the daemon waited for.
    counted_to stall 1
    (($(lazy_layers "$1") == 0))
    runs "$1" "$PROXY"
}
referrers_hang() {
    steps_aside hang-referrers '[{"path": "/referrers/|/manifests/sha256-", "cycle": [{"do": "stall", "at": "start"}]}]'
}
# ztocs NAME: the digests of its zTOCs, for a pattern.
ztocs() {
    local blobs=$shared/images/$1/index/blobs/sha256 manifest
    manifest=$(grep -l '"subject"' "$blobs"/* | head -n 1)
    jq -r '[.layers[].digest] | join("|")' "$manifest"
}
ztocs_hang() {
    steps_aside "$1" "[{\"path\": \"/blobs/($(ztocs "$1"))\", \"cycle\": [{\"do\": \"stall\", \"at\": $2}]}]"
}
index_hangs() {
    local index
    index=$(sha256sum <"$(grep -l '"subject"' "$shared"/images/hang-index/index/blobs/sha256/* | head -n 1)" | cut -d' ' -f1)
    steps_aside hang-index "[{\"path\": \"/manifests/sha256:$index\", \"cycle\": [{\"do\": \"stall\", \"at\": \"head\"}]}]"
}

# Indexes that are not what they should be.

is_pulled() {
    cri pull "$REGISTRY/test/$1:latest"
    (($(lazy_layers "$1") == 0))
    # On a slow machine the pull does not wait for the preparation's end.
    wait_until 40 is_left "$(manifest_digest "$1")"
    runs "$1"
}
is_left() { grep 'left to containerd' "$shared/daemon.log" | grep -qF "$1"; }
# index_of_another NAME OTHER: the index of test/OTHER is listed as the referrer of test/NAME.
index_of_another() {
    "$HERE/push.py" "$shared/images/$2/index" "$REGISTRY" "test/$1" "" --referrer
    local type=application/vnd.oci.image.index.v1+json tags=http://$REGISTRY/v2/test/$1/manifests
    curl -fsS -H "Accept: $type" "$tags/sha256-$(manifest_digest "$2")" |
        curl -fsS -X PUT -H "Content-Type: $type" --data-binary @- "$tags/sha256-$(manifest_digest "$1")"
}
index_of_another_image() {
    make_image wrong-index
    index_of_another wrong-index well-1
    is_pulled wrong-index
}

# An index that lists the larger of two layers alone, as those of soci-snapshotter do.
leaves_out_a_layer() {
    cri pull "$REGISTRY/test/forged-partial:latest"
    (($(lazy_layers forged-partial) == 2))
    runs forged-partial
}

# An image of the files /data and /last, and its only index exchanges their names: all digests are right, up to the moment when the
# whole layer is compared.
make_lying_image() {
    local folder=$shared/images/lying
    mkdir -p "$folder/one/bin"
    cp /bin/busybox "$folder/one/bin/busybox"
    echo 'the data' >"$folder/one/data"
    echo 'the last' >"$folder/one/last"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$folder/image" "$folder/one"
    "$HERE/push.py" "$folder/image" "$REGISTRY" test/lying latest
    forge lying swapped
}
lying_index() {
    local image=$REGISTRY/test/lying:latest
    cri pull "$image"
    (($(lazy_layers lying) == 1))
    wait_until 60 is_refused lying
    not cri run lies "$image" /bin/busybox cat /data
    cri rmi "$image"
    wait_until 60 has_no_layers lying
    cri pull "$image"
    has_no_layers lying
    [[ $(cri run truth "$image" /bin/busybox cat /data /last) == $'the data\nthe last' ]]
}
is_refused() { grep 'the index describes other files' "$shared/daemon.log" | grep -qF "test/$1"; }
has_no_layers() { (($(lazy_layers "$1") == 0)); }

# Many at once.

# all_of COMMAND NAME...: COMMAND for all these at the same time; fails if one does.
all_of() {
    local command=$1 name job jobs=() status=0
    shift
    for name in "$@"; do
        "$command" "$name" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || status=1; done
    return "$status"
}
pull_one() { cri pull "$REGISTRY/test/$1:latest"; }
ten_images() {
    all_of pull_one well-{1..5} plain-{1..5}
    all_of runs well-{1..5} plain-{1..5}
    local name
    for name in plain-{1..5}; do (($(lazy_layers "$name") == 0)); done
}
# run_copy NAME.NUMBER: one of many containers of an image; all of them write.
run_copy() {
    local name=${1%.*}
    cri run "copy-$1" "$REGISTRY/test/$name:latest" /bin/busybox sh -c \
        "echo $1 >/data/name; cat /data/name; md5sum </data/large" >"$shared/copy-$1"
    printf '%s\n' "$1" "$(md5sum <"$shared/images/$name/one/data/large")" | diff - "$shared/copy-$1"
}
twenty_containers() { all_of run_copy well-{1..5}.{1..4}; }

# What is left.

# held: files that the daemon has open or mapped. Connections come and go, and each of libfuse's threads, of which there are as
# many as there was work for, has /dev/fuse open.
held() {
    find "/proc/$(daemon_pid)/fd" -type l -printf '%l\n' | grep -vE '^(socket|anon_inode|pipe):|^/dev/fuse$' | sort
    awk '$6 ~ "^/" {print $6}' "/proc/$(daemon_pid)/maps" | sort -u
}
mounts_below() { awk -v root="$ROOT/" 'index($5, root) == 1 {print $5}' /proc/self/mountinfo; }
same_as_at_the_start() {
    (($(rows) == 0 && $(row_count lazy) == 0 && $(row_count labels) == 0))
    [[ -z $(ls -A "$SNAPSHOTS") && -z $(ls -A "$ROOT/images") ]]
    [[ $(mounts_below) == "$ROOT/images" ]]
    held | diff "$shared/held" -
}
leaves_nothing() {
    cri rmp
    local image
    for image in $(cri images); do cri rmi "$image"; done
    wait_until 60 same_as_at_the_start || {
        mounts_below
        find "$ROOT" -maxdepth 2
        held | diff "$shared/held" -
        return 1
    }
}

# Faults of the machine, each with a daemon and a containerd of its own.

# own_daemon [COMMAND...]: in $work, or with its root folder in $1 where OWN_ROOT says so; ended with the check.
own_daemon() {
    ROOT=${OWN_ROOT:-$work/root}
    SNAPSHOTS=$ROOT/snapshots
    SOCKET=$work/hermes.sock
    : >"$shared/daemon.log"
    daemon_start "$@"
    on_exit stop_process "$DAEMON_PID"
    containerd_start "$work/containerd" "$SOCKET" "$PAUSE"
}
without_fuse() {
    make_temp work
    mkdir "$work/dev"
    # A namespace whose /dev has what every program needs, and no fuse.
    # shellcheck disable=SC2016
    own_daemon unshare --mount --propagation private bash -euc '
        mount -t tmpfs none "$0"
        for device in null zero full random urandom; do cp -a "/dev/$device" "$0"; done
        mount --bind "$0" /dev
        exec "$@"' "$work/dev"
    grep 'no image can be mounted lazily' "$shared/daemon.log"
    cri pull "$REGISTRY/test/well-1:latest"
    # Its two layers, and that of the image for sandboxes comes with the first pod.
    (($(rows) == 2 && $(row_count lazy) == 0))
    runs well-1
}
disk_is_full() {
    make_temp work
    truncate -s 24M "$work/disk.img"
    mkfs.ext4 -q -m 0 "$work/disk.img"
    mkdir "$work/disk"
    mount -o loop "$work/disk.img" "$work/disk"
    on_exit unmount "$work/disk"
    OWN_ROOT=$work/disk/root own_daemon
    # More than the disk takes, so most of it is fetched while the disk is full.
    cri pull "$REGISTRY/test/large:latest"
    (($(lazy_layers large) == 2))
    # The container waits until it cannot write itself, and reads everything then.
    # shellcheck disable=SC2016
    cri run large "$REGISTRY/test/large:latest" /bin/busybox sh -c '
        echo ready >/tmp/ready
        n=0
        while echo probe >"/tmp/probe.$n" && [ -s "/tmp/probe.$n" ]; do n=$((n + 1)); sleep 0.2; done 2>/dev/null
        md5sum </data/large; cat /data/replaced' >"$work/out" &
    local runner=$!
    wait_until 60 is_ready
    dd if=/dev/zero of="$work/disk/filler" bs=64k status=none 2>/dev/null || true
    dd if=/dev/zero of="$work/disk/filler-2" bs=512 status=none 2>/dev/null || true
    wait "$runner"
    { md5sum <"$shared/images/large/one/data/large" && echo 'large again'; } | diff - "$work/out"
    grep -E 'takes nothing for now|nearly full' "$shared/daemon.log"
    not process_gone "$DAEMON_PID"
    rm "$work/disk/filler" "$work/disk/filler-2"
    [[ $(cri run after "$REGISTRY/test/large:latest" /bin/busybox cat /data/name) == large ]]
}
is_ready() { compgen -G "$SNAPSHOTS/*/fs/tmp/ready"; }

make_all() {
    local name
    for name in well-{1..5} hang-referrers hang-ztocs hang-ztocs-later hang-index; do indexed_image "$name"; done
    indexed_image large 40000000
    for name in plain-{1..5}; do make_image "$name"; done
    for name in random truncated empty ones partial; do forged_image "forged-$name" "$name"; done
    make_lying_image
    mkdir -p "$shared/pause/bin"
    cp /bin/busybox "$shared/pause/bin/busybox"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$shared/pause-image" "$shared/pause"
    umoci config --image "$shared/pause-image:latest" --config.entrypoint /bin/busybox --config.cmd sleep \
        --config.cmd 1000000
    push_layout "$shared/pause-image:latest" test/pause:latest
}
quietly make_all
PAUSE=$REGISTRY/test/pause:latest
daemon_up
on_exit daemon_end
held >"$shared/held"
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"

check "referrers that never come hold up no pull" referrers_hang
check "an index that never comes holds up no pull" index_hangs
check "zTOCs that never come hold up no pull" ztocs_hang hang-ztocs '"start"'
check "zTOCs that stop in their middle hold up no pull" ztocs_hang hang-ztocs-later 0.5
for how in random truncated empty ones; do
    check "an image with a forged zTOC ($how) is pulled" is_pulled "forged-$how"
done
check "an image with the index of another is pulled" index_of_another_image
check "layers that an index leaves out are indexed on the node" leaves_out_a_layer
check "an index that lies is refused, and the next pull brings the whole image" lying_index
check "ten images are pulled at once" ten_images
check "twenty containers start at once" twenty_containers
check "nothing is left of removed images" leaves_nothing
daemon_end
check "without /dev/fuse images are pulled" without_fuse
check "containers go on reading on a full disk" disk_is_full
check_summary "$(basename "$0" .sh)"
