#!/usr/bin/env bash
# Images that a real containerd starts lazily, asked as the kubelet asks (CRI), with the daemon as its snapshotter: everything with the
# containerd of this machine, the main things with those of later Debian suites.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"

OTHER=$REGISTRY/test/other:latest

# layer_digests IMAGE: the digests of its layers, the lowest first.
layer_digests() { skopeo inspect --raw --tls-verify=false "docker://$1" | jq -r '.layers[].digest'; }
# whole_reads IMAGE MARK: how many layers of an image were read whole since the mark, by the registry's log.
whole_reads() {
    local digest count=0
    for digest in $(layer_digests "$1"); do
        tail -c "+$(($2 + 1))" "$REGISTRY_LOG" | grep "blobs/$digest " | grep -q '" 200 ' && count=$((count + 1))
    done
    echo "$count"
}
lazy_rows() { row_count lazy; }
shown() { find "$ROOT/images" -mindepth 1 -maxdepth 1 | wc -l; }
is_verified() { grep -q "the image is verified.*$1" "$shared/daemon.log"; }
says() { cri run "$1" "$2" /bin/busybox sh -c "$3"; }

starts_without_a_pull() {
    local mark
    mark=$(log_mark)
    cri pull "$IMAGE"
    (($(lazy_rows) == 3))
    (($(shown) == 1))
    (($(whole_reads "$IMAGE" "$mark") == 0))
    [[ $(says first "$IMAGE" 'echo new >/data/new; cat /data/new /data/third; ls /data') == $'new\nthird\nagain\nlarge\nnew\nsecond\nthird' ]]
}
shows_the_same_files() {
    make_temp work
    mkdir "$work/overlayfs" "$work/hermes"
    ctr_ -n k8s.io images pull --plain-http --snapshotter overlayfs "$IMAGE"
    local top
    top=$(top_of overlayfs)
    # The chain IDs are the same in both.
    for name in overlayfs hermes; do
        ctr_ -n k8s.io snapshots --snapshotter "$name" view --target "$work/$name" "view-$name" "$top" >"$work/$name.sh"
        sh -e "$work/$name.sh"
        on_exit unmount "$work/$name"
    done
    grep -q 'fuse.hermes' <(findmnt -n -o FSTYPE "$work/hermes")
    treediff --ignore mtime:. "$work/overlayfs" "$work/hermes"
    umount "$work/overlayfs" "$work/hermes"
    for name in overlayfs hermes; do ctr_ -n k8s.io snapshots --snapshotter "$name" rm "view-$name" 2>/dev/null || true; done
}
# top_of SNAPSHOTTER: the committed snapshot that nothing stands on.
top_of() {
    ctr_ -n k8s.io snapshots --snapshotter "$1" ls | awk '$NF == "Committed" {name[$1]; if (NF == 3) parent[$2]}
        END {for (n in name) if (!(n in parent)) print n}'
}
leaves_others_to_containerd() {
    cri pull "$PLAIN"
    (($(lazy_rows) == 3))
    [[ $(says plain "$PLAIN" 'cat /data/plain') == plain ]]
}
stands_on_lower_layers() {
    # Two layers are those of the lazy image, and are not pulled. There is no index, so the third is.
    local mark
    mark=$(log_mark)
    cri pull "$OTHER"
    (($(lazy_rows) == 3))
    (($(whole_reads "$OTHER" "$mark") == 1))
    [[ $(says other "$OTHER" 'cat /data/other; ls /data; cmp /data/large /data/again') == $'other\nagain\nlarge\nother' ]]
    (($(shown) == 2))
}
needs_no_registry_when_complete() {
    wait_until 60 is_verified test/small
    kill -STOP "$REGISTRY_PID"
    on_exit kill -CONT "$REGISTRY_PID"
    says offline "$IMAGE" 'cat /data/large /data/second | md5sum' >"$shared/sum"
    cat "$shared/bundle/rootfs/data/large" "$shared/bundle/rootfs/data/second" | md5sum | diff - "$shared/sum"
    daemon_gone "$1"
    daemon_up
    # containerd connects again after a moment, and refuses calls until then.
    wait_until 20 ctr_ -n k8s.io snapshots --snapshotter hermes ls
    [[ $(says again "$IMAGE" 'cat /data/third') == third ]]
    [[ $(says more "$OTHER" 'cat /data/other') == other ]]
}
leaves_nothing() {
    cri rmp
    for image in "$IMAGE" "$OTHER" "$PLAIN" "$PAUSE"; do cri rmi "$image"; done
    wait_until 60 nothing_left || {
        ctr_ -n k8s.io snapshots --snapshotter hermes ls
        find "$ROOT" -maxdepth 2
        return 1
    }
}
nothing_left() {
    (($(rows) == 0 && $(shown) == 0)) &&
        [[ -z $(find "$SNAPSHOTS" "$ROOT/cache/images" "$ROOT/cache/layers" -mindepth 1) ]]
}
can_be_pulled_again() {
    cri pull "$IMAGE"
    (($(lazy_rows) == 3))
    [[ $(says anew "$IMAGE" 'cat /data/third') == third ]]
}

quietly make_images
PAUSE=$REGISTRY/test/pause:latest
quietly make_plain_image
quietly index_build --push --output "$shared/index" "$IMAGE"
on_exit daemon_end
# begin NAME: a daemon and the containerd in PATH, both with folders of their own. Sets WITH, for the names of checks.
begin() {
    WITH="containerd $(containerd_version)${CRI_TRANSFER:+, transfer service}"
    ROOT=$shared/$1/root
    SNAPSHOTS=$ROOT/snapshots
    mkdir "$shared/$1"
    daemon_up
    containerd_start "$shared/$1/containerd" "$SOCKET" "$PAUSE"
}
end() {
    stop_process "$CONTAINERD_PID"
    daemon_end
}

begin machine
check "$WITH: an indexed image starts without a pull" starts_without_a_pull
check "$WITH: it shows the same files as with overlayfs" shows_the_same_files
check "$WITH: an image without an index is pulled" leaves_others_to_containerd
check "$WITH: an image stands on the lower layers of a lazy one" stands_on_lower_layers
check "$WITH: a complete image starts without its registry" needs_no_registry_when_complete TERM
check "$WITH: and after kill -9" needs_no_registry_when_complete KILL
check "$WITH: nothing is left of removed images" leaves_nothing
check "$WITH: a removed image can be pulled again" can_be_pulled_again
end

# What containerd has since version 2: user namespaces with mapped owners, and images as volumes.
# mapped IMAGE COMMAND...: the view of an image's files from a user namespace.
mapped() {
    ctr_ -n k8s.io run --rm --snapshotter hermes --uidmap 0:100000:65536 --gidmap 0:200000:65536 --remap-labels "$1" mapped "${@:2}"
}
maps_owners() {
    make_temp work
    mapped "$PLAIN" /bin/busybox sh -c 'cat /proc/self/uid_map; cd /data; touch mine; stat -c "%n %u %g" plain mine' >"$work/said"
    diff -b "$work/said" - <<<$' 0 100000 65536\nplain 0 0\nmine 0 0'
}
# Who is root there is somebody else on this machine, and has to get to the root folder of the container.
others_get_there() { setpriv --reuid 100000 --regid 200000 --clear-groups test -d "$CONTAINERD_STATE"; }
# containerd removes the snapshot of a container some time after it.
nothing_mapped() { [[ $(</proc/self/mountinfo) != *"$SNAPSHOTS/"*/mapped/* ]]; }
# The second image has a layer that was pulled above the lazy ones.
maps_lazy_owners() {
    make_temp work
    mapped "$IMAGE" /bin/busybox sh -c 'cd /data; touch mine; stat -c "%n %u %g" third mine; cmp large again' >"$work/said"
    diff "$work/said" - <<<$'third 0 0\nmine 0 0'
    mapped "$OTHER" /bin/busybox sh -c 'cd /data; stat -c "%n %u %g" other large; cmp large again' >"$work/said"
    diff "$work/said" - <<<$'other 0 0\nlarge 0 0'
    wait_until 60 nothing_mapped
}
keeps_lazy_owners() {
    make_temp work
    mapped "$IMAGE" /bin/busybox sh -c 'echo up; while [ ! -e /data/go ]; do sleep 0.1; done; cd /data; stat -c "%n %u %g" third; cmp large again' \
        >"$work/said" &
    local container=$!
    wait_until 60 grep up "$work/said"
    daemon_gone KILL
    daemon_up
    wait_until 20 ctr_ -n k8s.io snapshots --snapshotter hermes ls
    # A second call finds the mounts of the first.
    [[ $(ctr_ -n k8s.io snapshots --snapshotter hermes mounts / mapped) == *mapped/0* ]]
    ctr_ -n k8s.io task exec --exec-id go mapped /bin/busybox touch /data/go
    wait "$container"
    diff "$work/said" - <<<$'up\nthird 0 0'
    wait_until 60 nothing_mapped
}
refuses_lazy_owners() {
    make_temp work
    not mapped "$IMAGE" /bin/busybox true 2>"$work/error"
    grep 'cannot be shown in a user namespace' "$work/error"
}
kernel_maps() { printf '6.12\n%s\n' "$(uname -r)" | sort -VC; }
mounts_an_image() {
    [[ $(cri run --volume "$IMAGE" /volume volume "$OTHER" /bin/busybox sh -c \
        'cat /volume/data/third; touch /volume/new 2>/dev/null || echo read-only') == $'third\nread-only' ]]
}
# has_from VERSION: whether this containerd is at least of it.
has_from() { printf '%s\n%s\n' "$1" "$(containerd_version)" | sort -VC; }

# main_checks NAME: begins and ends it. Everybody can go to the root folders of its containers, as who is root in a user namespace must.
main_checks() {
    CONTAINERD_STATE=$(mktemp -d /tmp/hermes-91.XXXXXX)
    on_exit rm -rf --one-file-system "$CONTAINERD_STATE"
    chmod 711 "$CONTAINERD_STATE"
    begin "$1"
    check "$WITH: an indexed image starts without a pull" starts_without_a_pull
    check "$WITH: an image without an index is pulled" leaves_others_to_containerd
    check "$WITH: an image stands on the lower layers of a lazy one" stands_on_lower_layers
    if has_from 2.1; then
        if others_get_there; then
            check "$WITH: a user namespace has its owners in a pulled image" maps_owners
        else
            echo "skip $WITH: a user namespace: only root can get to $CONTAINERD_STATE"
        fi
        if ! kernel_maps; then
            check "$WITH: a lazy image is refused in a user namespace" refuses_lazy_owners
        elif others_get_there; then
            check "$WITH: and in a lazy one" maps_lazy_owners
            check "$WITH: and after kill -9 of the daemon" keeps_lazy_owners
        fi
        check "$WITH: a lazy image is a volume" mounts_an_image
    fi
    check "$WITH: nothing is left of removed images" leaves_nothing
    end
}
for suite in trixie sid; do
    containerd_from "$suite" || {
        echo "skip the containerd of Debian $suite: it cannot be fetched"
        continue
    }
    main_checks "$suite"
    # The transfer service pulls for a kubelet since 2.1.
    has_from 2.1 || continue
    CRI_TRANSFER=1
    main_checks "$suite-transfer"
    CRI_TRANSFER=
done
check_summary "$(basename "$0" .sh)"
