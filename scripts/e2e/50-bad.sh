#!/usr/bin/env bash
# Bad input: one clear line, the documented exit code, nothing half-written, no mount left.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_temp shared
quietly index_build --output "$shared/index" "$NASTY_IMAGE"

# build_fails CODES IMAGE [OPTION...]: an index build that ends so and leaves nothing half-written.
build_fails() {
    local codes=$1 image=$2
    shift 2
    make_temp work
    fails "$codes" "$HERMES" index build --plain-http --output "$work/index" "$@" "$image"
    nothing_half_written "$work/index"
}
# mount_fails CODES ARGUMENT... DIR: a mount that does not come up and leaves none behind.
mount_fails() {
    local codes=$1
    shift
    fails "$codes" "$HERMES" mount --plain-http "$@"
    not is_mounted "${*: -1}"
}
# bad_layer HOW: an image that is wrong in one way, in a layout and in a registry.
bad_layer() {
    make_temp images
    python3 "$HERMES_ROOT/scripts/nasty_image.py" --big-size 3000000 --corrupt "$1" "$images/bad"
    build_fails 65 "oci:$images/bad"
    if [[ $1 != digest ]]; then
        "$HERE/push.py" "$images/bad" "$REGISTRY" "test/bad-$1" latest
        build_fails 65 "$REGISTRY/test/bad-$1:latest"
    fi
}
# wrong_in_registry: the registry's copy of a layer changes under its digest.
wrong_in_registry() {
    make_temp root
    local image log=$REGISTRY_LOG digest
    registry_start "$root"
    python3 "$HERMES_ROOT/scripts/nasty_image.py" --big-size 3000000 "$root/image"
    "$HERE/push.py" "$root/image" "$REGISTRY" test/changed latest
    image=$REGISTRY/test/changed:latest
    index_build --output "$root/index" "$image"
    digest=$(curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        "http://$REGISTRY/v2/test/changed/manifests/latest" | jq -r '.layers[0].digest' | cut -d: -f2)
    python3 - "$root/data/docker/registry/v2/blobs/sha256/${digest:0:2}/$digest/data" <<'PYTHON'
import os, sys
with open(sys.argv[1], "r+b") as file:
    size = os.path.getsize(sys.argv[1])
    for place in range(1000, size, 50_000):
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 0x10]))
PYTHON
    build_fails 65 "$image"
    # Mounted with a good index: the reader gets an error, never a wrong byte.
    mount_image --index "$root/index" --cache "$root/cache" "$image" "$root/mount"
    not timeout 60 cat "$root/mount/big" >"$root/big" 2>"$root/err"
    grep -i 'input/output error' "$root/err"
    python3 "$HERE/unpack.py" "$root/image" "$root/tree"
    cmp -n "$(stat -c %s "$root/big")" "$root/big" "$root/tree/big"
    REGISTRY_LOG=$log
}
# answers BEHAVIOUR CODES: a registry that answers so.
answers() {
    make_temp place
    python3 "$HERE/registry_of_errors.py" "$1" >"$place/port" &
    on_exit stop_process $!
    wait_until 10 test -s "$place/port"
    local image
    image=127.0.0.1:$(cat "$place/port")/test/image:latest
    build_fails "$2" "$image"
    mkdir "$place/mount"
    mount_fails "$2" --index "$shared/index" --cache "$place/cache" "$image" "$place/mount"
}
other_image() {
    make_temp place
    index_build --output "$place/index" --platform linux/arm64 "$REGISTRY/test/arm64:latest"
    mkdir "$place/mount"
    mount_fails '65|66' --index "$place/index" --cache "$place/cache" "$NASTY_IMAGE" "$place/mount"
    fails '65|66' "$HERMES" index verify "oci:$NASTY" --index "$place/index"
}
# forged HOW: zTOCs of nonsense under good digests. A flipped bit may be harmless; anything else is an error, never a
# crash, a hang or a mount.
forged() {
    local seed status
    for seed in 1 2 3 4 5 6 7 8; do
        make_temp place
        python3 "$HERE/forge_index.py" "$shared/index" "$place/index" "$seed" "$1"
        mkdir "$place/mount"
        status=0
        timeout -k 5 60 "$HERMES" index verify "oci:$NASTY" --index "$place/index" >"$place/out" 2>&1 || status=$?
        echo "seed $seed: exit code $status"
        tail -n 2 "$place/out"
        # Bytes that change in place can also make a compression or version that does not exist.
        case $1:$status in *:65 | flipped:0 | flipped:79 | ones:79) ;; *) return 1 ;; esac
        [[ $status == 0 ]] || (($(grep -c '^error: ' "$place/out") == 1))
        if [[ $1 != flipped && $1 != ones ]]; then
            mount_fails 65 --index "$place/index" --cache "$place/cache" "oci:$NASTY" "$place/mount"
        fi
    done
}
no_folder() {
    make_temp place
    mount_fails 73 --index "$shared/index" --cache "$place/cache" "$NASTY_IMAGE" "$place/missing"
    [[ ! -e $place/missing ]]
}
full_folder() {
    make_temp place
    mkdir "$place/mount"
    touch "$place/mount/file"
    mount_fails 73 --index "$shared/index" --cache "$place/cache" "$NASTY_IMAGE" "$place/mount"
    [[ -e $place/mount/file ]]
}
file_for_folder() {
    make_temp place
    touch "$place/mount"
    mount_fails 73 --index "$shared/index" --cache "$place/cache" "$NASTY_IMAGE" "$place/mount"
}
no_fuse() {
    make_temp place
    mkdir "$place/mount" "$place/dev"
    cp -a /dev/null /dev/zero /dev/random /dev/urandom "$place/dev"
    # shellcheck disable=SC2016 # expanded by the inner shell
    fails 71 unshare --mount --propagation private sh -c 'mount --bind "$1/dev" /dev; shift; exec "$@"' sh "$place" \
        "$HERMES" mount --plain-http --index "$shared/index" --cache "$place/cache" "$NASTY_IMAGE" "$place/mount"
    not is_mounted "$place/mount"
}
# small_disk KIB: a file system with that much room, in $small.
small_disk() {
    make_temp small
    mount -t tmpfs -o "size=${1}k" tmpfs "$small"
    on_exit unmount "$small"
}
full_disk_build() {
    small_disk 16
    fails 73 "$HERMES" index build --span-size 1MiB --output "$small/index" "oci:$NASTY"
    nothing_half_written "$small/index"
}
full_disk_export() {
    small_disk 512
    fails 73 "$HERMES" index export "oci:$NASTY" --index "$shared/index" big --output "$small/out"
    [[ ! -e $small/out ]]
}
# A mount whose cache has no room left still never gives a wrong byte.
full_disk_mount() {
    make_temp place
    small_disk 4096
    python3 "$HERE/unpack.py" "$NASTY" "$place/tree"
    if mount_image --index "$shared/index" --cache "$small/cache" "$NASTY_IMAGE" "$place/mount"; then
        timeout 60 cat "$place/mount/big" >"$place/big" || true
        cmp -n "$(stat -c %s "$place/big")" "$place/big" "$place/tree/big"
        cmp "$place/mount/etc/plain" "$place/tree/etc/plain"
    else
        (($(grep -c '^error: ' "$MOUNT_LOG") == 1))
        not is_mounted "$place/mount"
    fi
}
# One signal at different moments of a build: it ends with 130, or the build had ended before and its index is whole.
interrupted() {
    make_temp place
    local status delay
    for delay in 0.02 0.05 0.1 0.15 0.2 0.25 0.3 0.4; do
        rm -rf "$place/index"
        "$HERMES" index build --plain-http --output "$place/index" "$NASTY_IMAGE" >/dev/null 2>"$place/err" &
        sleep "$delay"
        kill -TERM $! 2>/dev/null || true
        status=0
        wait $! || status=$?
        echo "after $delay s: exit code $status"
        if ((status == 0)); then
            hermes index inspect "$place/index" >/dev/null
            rm "$place/index/index.json"
        else
            # 143: the signal came before the program listened, so before it did anything.
            ((status == 130 || status == 143))
        fi
        nothing_half_written "$place/index"
    done
}

bad_configuration() {
    local place
    make_temp place
    printf '[cache]\nsize = 200\n' >"$place/config.toml"
    fails 65 "$HERMES" daemon --config "$place/config.toml" --print-config
    grep -q 'line 2: cache.size' <<<"$E2E_ERROR"
    fails 66 "$HERMES" daemon --config "$place/missing.toml" --print-config
}

# bad_reports: reports of a bench that cannot be compared.
bad_reports() {
    make_temp work
    local report=$HERMES_ROOT/Tests/HermesTestKit/Fixtures/bench-report.json
    sed 's/containerd 1.7.24/containerd 2.1/' "$report" >"$work/other"
    sed 's/"format": 1/"format": 2/' "$report" >"$work/format"
    head -c 1000 "$report" >"$work/cut"
    fails 64 "$HERMES" bench compare "$report" "$work/other"
    fails 65 "$HERMES" bench compare "$report" "$work/cut"
    fails 66 "$HERMES" bench compare "$report" "$work/missing"
    fails 79 "$HERMES" bench compare "$work/format" "$report"
    "$HERMES" bench compare --anyway "$report" "$work/other" >"$work/table"
    grep -q 'no difference can be told' "$work/table"
}

check "an unknown reference" build_fails 64 "no such:::image"
check "no image at all" fails 64 "$HERMES" index build
check "an unknown option" fails 64 "$HERMES" index build --no-such-option x
check "a span size of nonsense" build_fails 64 "$NASTY_IMAGE" --span-size banana
check "an unreachable registry" build_fails 69 "127.0.0.1:1/test/image:latest"
check "an image that is not there" build_fails 66 "$REGISTRY/test/none:latest"
check "a tag that is not there" build_fails 66 "$REGISTRY/test/nasty:none"
check "a layout that is not there" build_fails 66 "oci:$shared/none"
check "a platform that is not there" build_fails 66 "$REGISTRY/test/arm64:latest" --platform linux/s390x
check "a registry that answers 401" answers 401 77
check "a registry that answers 403" answers 403 77
check "a registry that answers 500" answers 500 69
check "a registry that answers nonsense" answers garbage '65|76'
check "a registry that answers nothing" answers empty '65|76'
check "a registry whose manifest has no end" answers huge '65|76'
check "a registry that hangs up" answers close '69|76'
check "a truncated gzip layer" bad_layer truncated
check "a corrupt gzip layer" bad_layer byte
check "a layer whose digest is wrong" bad_layer digest
check "a layer whose diff ID is wrong" bad_layer diffid
check "a corrupt tar header" bad_layer header
check "a tar that ends inside a file" bad_layer size
check "a layer that changes in the registry" wrong_in_registry
check "an index for another image" other_image
check "a zTOC of random bytes" forged random
check "a zTOC that is cut" forged truncated
check "an empty zTOC" forged empty
check "a zTOC with flipped bits" forged flipped
check "a zTOC with absurd sizes and offsets" forged ones
check "a mount folder that is missing" no_folder
check "a mount folder that is not empty" full_folder
check "a mount folder that is a file" file_for_folder
check "no /dev/fuse" no_fuse
check "a full disk while indexing" full_disk_build
check "a full disk while exporting" full_disk_export
check "a full disk under the cache" full_disk_mount
check "an index build that is interrupted" interrupted
check "a configuration of the daemon that is wrong or missing" bad_configuration
check "reports of a bench that cannot be compared" bad_reports
check_summary "$(basename "$0" .sh)"
