#!/usr/bin/env bash
# The life of the cache: its budget, full disks, what outlives a kill and a power loss, mounts without a registry.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_temp shared
# Two images of one layer each: a small file, 6 MiB, a small file. GNU tar fills the archive's last record with zeros.
for name in one two; do
    mkdir -p "$shared/$name"
    head -c 1000 /dev/urandom >"$shared/$name/a-first"
    head -c 6291456 /dev/urandom >"$shared/$name/data"
    echo "the last of $name" >"$shared/$name/last"
    quietly python3 "$HERMES_ROOT/scripts/oci_layout.py" "$shared/layout-$name" "$shared/$name"
    "$HERE/push.py" "$shared/layout-$name" "$REGISTRY" "cache/$name" latest
    quietly index_build --span-size 256KiB --output "$shared/index-$name" "$REGISTRY/cache/$name:latest"
done

# mount_one NAME OPTION... DIR, logged DIR TEXT [SECONDS]: a mount of one of them; waits for its log to say something.
mount_one() {
    local name=$1
    shift
    mount_image --index "$shared/index-$name" "${@:1:$#-1}" "$REGISTRY/cache/$name:latest" "${*: -1}"
}
logged() {
    wait_until "${3:-60}" grep -q "$2" "$1.log" || {
        cat "$1.log"
        return 1
    }
}
# told DIR TEXT METRIC: the last error of the mount there has TEXT, and METRIC has counted something.
told() {
    wait_until 30 last_error_is "$1" "$2"
    (($(awk -v name="$3" '$1 == name { print $2 }' "$1/.hermes/metrics") > 0))
}
last_error_is() { jq -er .lastError.message "$1/.hermes/state.json" | grep -q "$2"; }
same_as() { diff -r --no-dereference "$shared/$1" "$2"; }
complete() { logged "$1" 'the image is verified'; }
layer_folder() { echo "$1"/layers/*; }

# small_disk DIR MEBIBYTES: an ext4 file system of its own.
small_disk() {
    truncate -s "$2M" "$1.image"
    mkfs.ext4 -q -F "$1.image"
    mkdir -p "$1"
    mount -o loop "$1.image" "$1"
    on_exit unmount "$1"
}
fill_disk() {
    dd if=/dev/zero of="$1/filler" bs=64k status=none 2>/dev/null || true
    dd if=/dev/zero of="$1/filler-2" bs=512 status=none 2>/dev/null || true
}

full_disk() {
    make_temp work
    small_disk "$work/disk" 40
    # Compiled while there is room.
    mount_one one --cache "$work/disk/cache" "$work/mount"
    end_mount TERM
    fill_disk "$work/disk"
    # A size of its own: without one, the cache would stop before the disk is full.
    mount_one one --cache "$work/disk/cache" --cache-size 1G --fill "$work/mount"
    same_as one "$work/mount"
    logged "$work/mount" 'the cache takes nothing for now.*image: .*/cache/one:latest'
    told "$work/mount" 'cannot write' hermes_cache_write_failures_total
    local mark
    sleep 1
    mark=$(log_mark)
    # The fill rests: what it brings could not be kept.
    sleep 7
    (($(layer_reads "$mark") == 0))
    not grep -qE 'gave up|is complete' "$work/mount.log"
    (($(grep -c 'takes nothing for now' "$work/mount.log") == 1))
    rm "$work/disk/filler" "$work/disk/filler-2"
    complete "$work/mount"
    grep 'has room again' "$work/mount.log"
    mark=$(log_mark)
    same_as one "$work/mount"
    (($(layer_reads "$mark") == 0))
}
nearly_full_disk() {
    make_temp work
    small_disk "$work/disk" 60
    mount_one one --cache "$work/disk/cache" "$work/mount"
    end_mount TERM
    # A tenth of the file system stays free for others.
    fallocate -l $(($(df --output=avail -B1 "$work/disk" | tail -n 1) - 7000000)) "$work/disk/filler"
    mount_one one --cache "$work/disk/cache" --fill "$work/mount"
    logged "$work/mount" 'the file system is nearly full.*the cache may take .*image: .*/cache/one:latest'
    told "$work/mount" 'the file system is nearly full: the cache may take ' hermes_cache_write_failures_total
    same_as one "$work/mount"
    (($(df --output=avail -B1 "$work/disk" | tail -n 1) > 5000000))
    rm "$work/disk/filler"
    complete "$work/mount"
}
no_room_to_compile() {
    make_temp work
    small_disk "$work/disk" 20
    mkdir -p "$work/disk/cache" "$work/mount"
    fill_disk "$work/disk"
    fails 73 "$HERMES" mount --plain-http --index "$shared/index-one" --cache "$work/disk/cache" \
        "$REGISTRY/cache/one:latest" "$work/mount"
    [[ -z $(find "$work/disk/cache" -name '.hermes-*' -o -name tree -o -name image) ]]
    rm "$work/disk/filler" "$work/disk/filler-2"
    mount_one one --cache "$work/disk/cache" "$work/mount"
    same_as one "$work/mount"
}
budget() {
    make_temp work
    mount_one one --cache "$work/cache" --cache-size 10M --fill "$work/mount"
    complete "$work/mount"
    end_mount TERM
    local first
    first=$(layer_folder "$work/cache")
    mount_one two --cache "$work/cache" --cache-size 10M --fill "$work/mount"
    complete "$work/mount"
    [[ ! -e $first ]]
    same_as two "$work/mount"
    (($(du -sk "$work/cache/layers" | cut -f1) <= 10240))
    end_mount TERM
    # The image whose layer went is compiled and fetched again.
    mount_one one --cache "$work/cache" --cache-size 10M "$work/mount"
    same_as one "$work/mount"
}
budget_spares_what_is_in_use() {
    make_temp work
    mount_one one --cache "$work/cache" --fill "$work/mount-one"
    complete "$work/mount-one"
    local holder=$MOUNT_PID mark
    mount_one two --cache "$work/cache" --cache-size 10M --fill "$work/mount-two"
    logged "$work/mount-two" 'the cache is full of layers in use.*the cache may take .*image: .*/cache/two:latest'
    told "$work/mount-two" 'the cache is full of layers in use: the cache may take ' hermes_cache_write_failures_total
    same_as two "$work/mount-two"
    not grep -qE 'gave up|is complete' "$work/mount-two.log"
    mark=$(log_mark)
    same_as one "$work/mount-one"
    (($(layer_reads "$mark") == 0))
    kill -TERM "$holder"
    wait "$holder" || true
    # Now it may go.
    complete "$work/mount-two"
    (($(find "$work/cache/layers" -name data | wc -l) == 1))
    same_as two "$work/mount-two"
}
two_processes() {
    make_temp work
    mount_one one --cache "$work/cache" --fill "$work/mount-1"
    mount_one one --cache "$work/cache" --fill "$work/mount-2"
    same_as one "$work/mount-1"
    same_as one "$work/mount-2"
    complete "$work/mount-1"
    complete "$work/mount-2"
}
offline() {
    make_temp work
    registry_start "$work/registry"
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/offline latest
    local image=$REGISTRY/test/offline:latest digest
    digest=sha256:$(sha256sum <"$NASTY/blobs/sha256/$(jq -r '.manifests[0].digest' "$NASTY/index.json" | cut -d: -f2)" | cut -d' ' -f1)
    python3 "$HERE/unpack.py" "$NASTY" "$work/tree"
    index_build --output "$work/index" "$image"
    mount_image --index "$work/index" --cache "$work/cache" --fill "$image" "$work/mount"
    complete "$work/mount"
    end_mount TERM
    stop_process "$REGISTRY_PID"
    mount_image --cache "$work/cache" "$image" "$work/mount"
    grep 'registry unreachable; mounting the copy resolved on 20' "$work/mount.log"
    complete "$work/mount"
    treediff "$work/tree" "$work/mount"
    end_mount TERM
    # A digest names the same for ever: no question, no warning.
    mount_image --cache "$work/cache" "$REGISTRY/test/offline@$digest" "$work/mount"
    not grep -i 'unreachable' "$work/mount.log"
    treediff "$work/tree" "$work/mount"
    # Another tag of the same image was never resolved.
    mkdir "$work/other"
    fails 69 "$HERMES" mount --plain-http --cache "$work/cache" "$REGISTRY/test/offline:other" "$work/other"
}
offline_in_part() {
    make_temp work
    registry_start "$work/registry"
    "$HERE/push.py" "$shared/layout-one" "$REGISTRY" cache/part latest
    local image=$REGISTRY/cache/part:latest
    mount_image --index "$shared/index-one" --cache "$work/cache" "$image" "$work/mount"
    cmp "$work/mount/a-first" "$shared/one/a-first"
    end_mount TERM
    stop_process "$REGISTRY_PID"
    mount_image --cache "$work/cache" "$image" "$work/mount"
    cmp "$work/mount/a-first" "$shared/one/a-first"
    # A read of what is absent waits for the registry to come back.
    cat "$work/mount/data" >"$work/data" &
    local reader=$!
    sleep 1
    sed -i "s/127.0.0.1:0/$REGISTRY/" "$work/registry/config.yml"
    env -u REGISTRY_LOG -u REGISTRY_PID docker-registry serve "$work/registry/config.yml" >>"$REGISTRY_LOG" 2>&1 &
    on_exit stop_process $!
    wait "$reader"
    cmp "$work/data" "$shared/one/data"
}
gone_tag() {
    make_temp work
    registry_start "$work/registry"
    "$HERE/push.py" "$shared/layout-one" "$REGISTRY" cache/gone latest
    local digest
    digest=$(jq -r '.manifests[0].digest' "$shared/layout-one/index.json")
    mount_image --index "$shared/index-one" --cache "$work/cache" --fill "$REGISTRY/cache/gone:latest" "$work/mount"
    complete "$work/mount"
    end_mount TERM
    curl -fsS -X DELETE "http://$REGISTRY/v2/cache/gone/manifests/$digest"
    fails 66 "$HERMES" mount --plain-http --cache "$work/cache" "$REGISTRY/cache/gone:latest" "$work/mount"
}
# lose_power CACHE: what a power loss leaves: another boot ID, and of what was never synced only zeros.
lose_power() {
    python3 - "$1"/layers/* <<'PYTHON'
import struct, sys
for folder in sys.argv[1:]:
    with open(folder + "/present", "r+b") as file:
        head = file.read(128)
        count = struct.unpack_from("<Q", head, 8)[0]
        size = 8 * ((count + 63) // 64)
        file.seek(16)
        file.write(bytes(byte ^ 0x55 for byte in head[16:32]))
        file.seek(128 + size)
        durable = int.from_bytes(file.read(size), "little")
    with open(folder + "/spans", "rb") as file:
        spans = file.read()
    whole = struct.unpack_from("<Q", spans, 32)[0]
    starts = [struct.unpack_from("<Q", spans, 64 + 64 * span + 8)[0] for span in range(count)] + [whole]
    lost = [span for span in range(count) if not durable >> span & 1]
    with open(folder + "/data", "r+b") as file:
        for span in lost:
            file.seek(starts[span])
            file.write(bytes(starts[span + 1] - starts[span]))
    print(f"{count} spans, {len(lost)} lost")
    assert 0 < len(lost) < count, "the test wants some of each"
PYTHON
}
# read_here_and_there: some spans of the mount of this check, and no run of them.
read_here_and_there() {
    local block
    for block in 1450 900 1200; do
        cmp <(dd if="$work/mount/data" bs=4096 skip="$block" count=1 status=none) \
            <(dd if="$shared/one/data" bs=4096 skip="$block" count=1 status=none)
    done
}
power_loss() {
    make_temp work
    mount_one one --cache "$work/cache" "$work/mount"
    cat "$work/mount/a-first" >/dev/null
    # A clean end makes it durable.
    end_mount TERM
    mount_one one --cache "$work/cache" "$work/mount"
    read_here_and_there
    kill -KILL "$MOUNT_PID"
    wait "$MOUNT_PID" || true
    umount -l "$work/mount"
    # The kill alone costs nothing.
    local mark
    mark=$(log_mark)
    mount_one one --cache "$work/cache" "$work/mount"
    read_here_and_there
    (($(layer_reads "$mark") == 0))
    kill -KILL "$MOUNT_PID"
    wait "$MOUNT_PID" || true
    umount -l "$work/mount"
    lose_power "$work/cache"
    mark=$(log_mark)
    mount_one one --cache "$work/cache" "$work/mount"
    cmp "$work/mount/a-first" "$shared/one/a-first"
    (($(layer_reads "$mark") == 0))
    same_as one "$work/mount"
    (($(layer_reads "$mark") > 0))
}
flipped_bit() {
    make_temp work
    mount_one one --cache "$work/cache" --fill "$work/mount"
    complete "$work/mount"
    end_mount TERM
    # Complete, and not compared yet: as after a kill at the wrong moment.
    python3 - "$(layer_folder "$work/cache")" <<'PYTHON'
import sys
with open(sys.argv[1] + "/present", "r+b") as file:
    file.seek(32)
    file.write(bytes(40))
with open(sys.argv[1] + "/data", "r+b") as file:
    file.seek(3_000_000)
    byte = file.read(1)[0]
    file.seek(3_000_000)
    file.write(bytes([byte ^ 4]))
PYTHON
    local mark
    mark=$(log_mark)
    mount_one one --cache "$work/cache" --fill "$work/mount"
    logged "$work/mount" 'a complete layer does not match its diff ID: it is fetched again'
    told "$work/mount" 'a complete layer does not match its diff ID' hermes_layer_verification_failures_total
    complete "$work/mount"
    same_as one "$work/mount"
    (($(layer_reads "$mark") > 0))
}
# A referrer that exchanges the names of two files: all digests are right, up to the moment when a whole layer is compared.
swapped_names() {
    make_temp work
    local image=$REGISTRY/cache/swapped:latest forged
    "$HERE/push.py" "$shared/layout-one" "$REGISTRY" cache/swapped latest
    quietly index_build --span-size 256KiB --output "$work/index" --push "$image"
    python3 "$HERE/forge_index.py" "$work/index" "$work/forged" 0 swapped
    "$HERE/push.py" "$work/forged" "$REGISTRY" cache/swapped none --referrer
    forged=$(jq -r '.manifests[0].digest' "$work/forged/index.json")
    mount_image --cache "$work/cache" "$image" "$work/mount"
    cmp "$work/mount/data" "$shared/one/last"
    end_mount TERM
    mount_image --cache "$work/cache" --fill "$image" "$work/mount"
    logged "$work/mount" 'the index describes other files than a layer of the image holds.*image: .*/cache/swapped:latest'
    told "$work/mount" 'does not describe the file .*data as the layer has it' hermes_layer_verification_failures_total
    grep "does not describe the file .*data as the layer has it: it gives another name" "$work/mount.log"
    grep -F "$forged" "$work/mount.log"
    # Nothing of it is in the kernel's cache yet.
    not cat "$work/mount/a-first" >"$work/out" 2>"$work/err"
    grep -i 'input/output error' "$work/err"
    not grep 'the image is verified' "$work/mount.log"
    end_mount TERM
    # The next mount takes the index before it.
    mount_image --cache "$work/cache" --fill "$image" "$work/mount"
    complete "$work/mount"
    same_as one "$work/mount"
    end_mount TERM
    fails 65 "$HERMES" mount --plain-http --cache "$work/cache" --index "$work/forged" "$image" "$work/mount"
    grep 'was refused' <<<"$E2E_ERROR"
}
damaged_tree() {
    make_temp work
    mount_one one --cache "$work/cache" "$work/mount"
    end_mount TERM
    # In a name: every offset and count stays right.
    local tree
    tree=$(echo "$work"/cache/images/*/tree)
    sed -i 's/a-first/b-first/' "$tree"
    mount_one one --cache "$work/cache" "$work/mount"
    same_as one "$work/mount"
}
# What one start touched is there before the next one asks for it, and nothing else is.
startup() {
    make_temp work
    mount_one one --cache "$work/cache" "$work/mount"
    cmp "$work/mount/last" "$shared/one/last"
    dd if="$work/mount/data" of=/dev/null bs=64k skip=48 count=1 status=none
    end_mount TERM
    [[ -n $(ls "$work/cache/startups") ]]
    rm -r "$work/cache/layers" "$work/cache/images"
    mount_one one --cache "$work/cache" "$work/mount"
    # The spans of "last" and of 64 KiB in the middle: two or three of 25.
    wait_until 30 mount_has '.presentSpans >= 2 and .presentSpans <= 3'
    (($(mount_state .totals.reads) == 0))
    same_as one "$work/mount"
    end_mount TERM
    # A record that is none, or of other spans, is as good as none.
    local record
    record=$(echo "$work"/cache/startups/*)
    for bytes in garbage '{"ztocs":[],"spans":[0,1]}' '{"ztocs":[],"spans":[-1]}'; do
        rm -r "$work/cache/layers" "$work/cache/images"
        echo "$bytes" >"$record"
        mount_one one --cache "$work/cache" "$work/mount"
        same_as one "$work/mount"
        end_mount TERM
    done
    # Spans that the image does not have.
    rm -r "$work/cache/layers" "$work/cache/images"
    jq -c '.spans = [0, 99999, 7, 0, -3, 1, 0, -1, 5]' "$record" >"$work/record"
    cp "$work/record" "$record"
    mount_one one --cache "$work/cache" "$work/mount"
    same_as one "$work/mount"
}
mount_has() { mount_state ".layers[0] | $1" | grep -qx true; }
mount_state() { jq -c "$1" "$work/mount/.hermes/state.json"; }
wrong_size() {
    make_temp work
    mkdir "$work/mount"
    local size
    for size in 0 -1 10X "" 10.5G; do
        fails 64 "$HERMES" mount --plain-http --cache "$work/cache" --cache-size "$size" \
            "$REGISTRY/cache/one:latest" "$work/mount"
    done
}

check "a full disk costs the cache only, and a fill goes on when there is room" full_disk
check "without a size, the cache leaves a tenth of the file system free" nearly_full_disk
check "no room to compile: one error, no half file" no_room_to_compile
check "over the budget, what was used longest ago goes" budget
check "no layer in use by another process goes" budget_spares_what_is_in_use
check "two processes on one folder" two_processes
check "a complete image mounts without its registry" offline
check "an image that is there in part mounts without its registry" offline_in_part
check "a registry that says 404 is believed" gone_tag
check "after a power loss only what was synced is trusted" power_loss
check "a flipped bit in a complete layer is found" flipped_bit
check "an index with exchanged names is refused, and the one before it used" swapped_names
check "a damaged tree is compiled anew" damaged_tree
check "what a start touched is fetched ahead of the next one" startup
check "sizes that are none" wrong_size
check_summary "$(basename "$0" .sh)"
