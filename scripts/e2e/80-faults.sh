#!/usr/bin/env bash
# Faults of the network, the registry, the disk and the process, with readers running all the while. What passes costs no
# read; what stays gives EIO within the deadline of a read, 60 seconds; no byte is ever wrong, nothing hangs, and when it
# is over all is well without a restart. HERMES_E2E_LONG=1 makes outages as long as they are in the worst of days.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERE/faults.sh"
fault_image
LONG=${HERMES_E2E_LONG:-}

# Faults of single answers. Every cycle lets some answers through, so none of these may cost a read.

# passing NAME CYCLE [OPTION...]: each action of the cycle in its turn; NAME is what the proxy, started with the options,
# counts them as.
passing() {
    stage "${@:3}"
    faults "[{\"cycle\": $2}]"
    readers
    counted_to "$1" 10
    recovered
}
RESETS='[
    {"do": "cut", "at": "start", "rst": true}, null, {"do": "cut", "at": "start"}, null,
    {"do": "cut", "at": "head", "rst": true}, null, {"do": "cut", "at": "head"}, null,
    {"do": "cut", "at": 0, "rst": true}, null, {"do": "cut", "at": 1, "rst": true}, null,
    {"do": "cut", "at": 0.5, "rst": true}, null, {"do": "cut", "at": -1, "rst": true}, null]'
TRUNCATED='[
    {"do": "cut", "at": 0}, {"do": "cut", "at": 1}, {"do": "cut", "at": 0.5}, {"do": "cut", "at": -1}, null]'
SHORT='[
    {"do": "short", "at": 0}, {"do": "short", "at": 0.5}, {"do": "short", "at": -1}, null,
    {"do": "short", "at": 1, "range": true}, {"do": "short", "at": 0.5, "range": true},
    {"do": "short", "at": -1, "range": true}, null]'
NONSENSE='[
    {"do": "as", "what": "multipart"}, {"do": "as", "what": "gzip"}, {"do": "as", "what": "unsatisfiable"},
    {"do": "as", "what": "no-range"}, {"do": "as", "what": "wrong-range"}, {"do": "as", "what": "long"}]'
STALLS='[{"do": "stall", "at": "start"}, {"do": "stall", "at": "head"}, {"do": "stall", "at": 0.5}]'

# Answers that are unusual and right, all of them: nothing is asked for twice.
unusual() {
    stage
    faults "[{\"cycle\": [{\"do\": \"as\", \"what\": \"$1\"}]}]"
    readers
    counted_to as 10
    not grep -E 'error|warning' "$MOUNT_LOG"
    recovered
}
corrupt_once() {
    stage
    faults '[{"cycle": [{"do": "corrupt", "grid": 300000, "times": 1}]}]'
    readers
    counted_to corrupted 20
    recovered
}

# Faults of the registry as a whole, which end before the reads' deadline.

storm() {
    stage --delay 0.02
    readers_start --pace 0.01
    wait_until 30 counted_to blobs 5
    local status
    for status in 500 502 503 429; do
        faults "[{\"cycle\": [{\"do\": \"status\", \"status\": $status, \"retry_after\": \"1\"}]}]"
        wait_until 30 counted_to "status $status" 4
        sleep 2
    done
    faults '[]'
    readers_end
    recovered
}
tokens() {
    stage --auth --delay 0.02
    readers_start --pace 0.03
    while not process_gone "$READERS"; do
        control rotate
        sleep 0.3
    done
    readers_end
    counted_to 'status 401' 3
    recovered
}
# expiring STYLE: an object store whose URLs are good for three requests.
expiring() {
    stage --store "$1" --uses 3
    readers
    counted_to expired 3
    curl -fsS --noproxy "*" "http://127.0.0.1:$CONTROL/"
    # Each URL is used until it is refused, and no Authorization is sent along.
    (($(counted stored) > $(counted redirects) + $(counted redirects)))
    (($(counted leaks) == 0))
    recovered
}
private_and_expiring() {
    stage --auth --store s3 --uses 3
    readers_start --pace 0.03
    while not process_gone "$READERS"; do
        control rotate
        sleep 0.5
    done
    readers_end
    counted_to expired 3
    counted_to 'status 401' 2
    (($(counted leaks) == 0))
    recovered
}
# registry_down SECONDS: nothing listens, and what was connected is reset.
registry_down() {
    stage --delay 0.02
    # After as long as the deadline a read may have failed.
    readers_start --pace 0.01 --eio "$( (($1 < 50)) && echo none || echo any)"
    wait_until 30 counted_to blobs 5
    control down
    sleep "$1"
    not process_gone "$READERS"
    control up
    readers_end
    recovered
}
token_server_down() {
    stage --auth --delay 0.02
    readers_start --pace 0.01
    wait_until 30 counted_to blobs 5
    faults '[{"path": "^/token", "cycle": [{"do": "status", "status": 503}]}]'
    control rotate
    wait_until 30 counted_to 'status 503' 5
    sleep 3
    faults '[]'
    readers_end
    recovered
}

# A mirror: the registry by its own name, and the proxy before it.

mirrored() {
    make_temp work
    proxy_start --delay 0.02
    mkdir -p "$work/hosts/$REGISTRY"
    printf '[host."http://%s"]\n' "$PROXY" >"$work/hosts/$REGISTRY/hosts.toml"
    mount_image --hosts-dir "$work/hosts" --index "$FAULTS/index" --cache "$work/cache" "$REGISTRY/test/faults:latest" \
        "$work/mount"
}
mirror_down() {
    mirrored
    readers_start --pace 0.01
    wait_until 30 counted_to blobs 5
    control down
    readers_end
    control up
    recovered
}
mirror_stalls() {
    mirrored
    faults '[{"cycle": [{"do": "stall", "at": 0.5}]}]'
    readers
    counted_to stall 1
    recovered
}
mirror_corrupt() {
    mirrored
    faults '[{"cycle": [{"do": "corrupt", "grid": 100000}]}]'
    # The mirror is found out by its first answers, and asked last from then on: no reader notices.
    readers
    counted_to corrupted 1
    recovered
}
# name_server_gone SILENT BROKEN: the redirects' host is a name that is asked for when nobody answers, and then when the
# answer is that the name server is out of order, for so many seconds each.
name_server_gone() {
    make_temp work
    echo answer >"$work/mode"
    python3 "$HERE/name_server.py" store.faults.test 127.0.0.2 "$work/mode" >"$work/server" &
    on_exit stop_process $!
    wait_until 30 test -s "$work/server"
    echo "nameserver $(cat "$work/server")" >"$work/resolv.conf"
    echo "hosts: files dns" >"$work/nsswitch.conf"
    proxy_start --store s3 --store-name store.faults.test
    # A mount namespace with a resolver's configuration of its own; the mount is then seen through the process.
    printf '%s\n' '#!/bin/sh' "exec unshare --mount --propagation private sh -c '" \
        "mount --bind $work/resolv.conf /etc/resolv.conf && mount --bind $work/nsswitch.conf /etc/nsswitch.conf &&" \
        "exec \"\$@\"' sh '$HERMES' \"\$@\"" >"$work/hermes"
    chmod +x "$work/hermes"
    HERMES=$work/hermes
    mount_image --index "$FAULTS/index" --cache "$work/cache" "$PROXY/test/faults:latest" "$work/mount"
    MOUNT_SEEN_AT=/proc/$MOUNT_PID/root$work/mount
    echo silent >"$work/mode"
    readers_start
    sleep "$1"
    echo broken >"$work/mode"
    sleep "$2"
    not process_gone "$READERS"
    (($(counted stored) == 0))
    echo answer >"$work/mode"
    readers_end
    counted_to stored 10
    recovered
}

# Faults that do not end: EIO, in time.

# lasting CYCLE: all answers are so, as long as the readers try.
lasting() {
    stage
    faults "[{\"cycle\": $1}]"
    readers --eio some --pieces 24
    recovered
}
corrupt_always() {
    stage
    faults '[{"cycle": [{"do": "corrupt", "grid": 4000000}]}]'
    readers --eio some
    grep 'read fails with EIO' "$MOUNT_LOG" >/dev/null
    recovered
}
some_stall() {
    stage
    faults "[{\"to\": 6, \"cycle\": $STALLS}]"
    readers
    counted_to stall 6
    recovered
}
# Whoever ends a mount does not wait for the network.
ended() {
    stage
    faults '[{"cycle": [{"do": "stall", "at": "start"}]}]'
    readers_start --eio any 2>/dev/null
    wait_until 20 counted_to stall 3
    kill -TERM "$MOUNT_PID"
    wait_until 10 process_gone "$MOUNT_PID"
    wait "$MOUNT_PID"
    not is_mounted "$work/mount"
    # They may fail in any way now, but for wrong bytes.
    readers_end >"$work/counts" || true
    jq -e '.wrong == 0' "$work/counts"
}
slow() {
    make_temp work
    quietly index_build --span-size 64KiB --output "$work/index" "$REGISTRY/test/faults:latest"
    proxy_start
    mount_image --index "$work/index" --cache "$work/cache" "$PROXY/test/faults:latest" "$work/mount"
    faults '[{"cycle": [{"do": "slow", "rate": 10000}]}]'
    local file
    file=$(find "$FAULTS/tree" -type f -printf '%P\n' | sort | sed -n 1p)
    timeout 70 cmp -n 1000 "$work/mount/$file" "$FAULTS/tree/$file"
    counted_to slow 1
    # Others wait as long as they may.
    readers --eio any --pieces 12
    recovered
}

# Faults of this machine.

disk_full() {
    make_temp work
    truncate -s 200M "$work/disk"
    mkfs.ext4 -q -m 0 "$work/disk"
    mkdir "$work/small"
    mount -o loop "$work/disk" "$work/small"
    on_exit unmount "$work/small"
    proxy_start
    mount_image --index "$FAULTS/index" --cache "$work/small/cache" "$PROXY/test/faults:latest" "$work/mount"
    # Every byte of it, with what is left after the last whole block.
    dd if=/dev/zero of="$work/small/filler" bs=1M 2>/dev/null || true
    dd if=/dev/zero of="$work/small/more" bs=512 2>/dev/null || true
    (($(df --output=avail -B 1 "$work/small" | tail -n 1) < 65536))
    local seed=10 kept
    kept=$(kept_bytes)
    readers --pieces 100 --seed "$seed"
    (($(kept_bytes) <= kept + 65536))
    rm "$work/small/filler" "$work/small/more"
    # A mount may look only now and then whether there is room again.
    wait_until 3 kept_more
    readers
    end_mount TERM
    mount_image --index "$FAULTS/index" --cache "$work/small/cache" "$PROXY/test/faults:latest" "$work/mount"
    recovered
}
kept_bytes() { du -s -B 1 "$work/small/cache" | cut -f 1; }
kept_more() {
    sleep 0.5
    seed=$((seed + 1))
    readers --pieces 5 --seed "$seed" && (($(kept_bytes) > kept + 400000))
}
killed() {
    stage --delay 0.02
    local round
    for round in 1 2 3; do
        readers_start --eio any --seed "$round" 2>/dev/null
        wait_until 30 counted_to blobs $((round * 5))
        kill -KILL "$MOUNT_PID"
        wait "$MOUNT_PID" || true
        # They may fail in any way now, but for wrong bytes.
        readers_end >"$work/counts" || true
        jq -e '.wrong == 0' "$work/counts"
        umount -l "$work/mount"
        mount_image --index "$FAULTS/index" --cache "$work/cache" "$PROXY/test/faults:latest" "$work/mount"
    done
    recovered
}

# The long ones first.
later "everything stalls for ever" lasting "$STALLS"
later "every answer is nonsense" lasting "$NONSENSE"
later "the registry down for $((LONG ? 60 : 20)) seconds" registry_down $((LONG ? 60 : 20))
later "DNS gone for $((LONG ? 40 : 16)) seconds" name_server_gone $((LONG ? 30 : 12)) $((LONG ? 10 : 4))
later "some connections stall" some_stall
later "the mirror stalls" mirror_stalls
later "ten kilobytes a second" slow
later "500, 502, 503, 429" storm
later "connections reset at every place" passing cut "$RESETS"
later "connections to the object store reset at every place" passing cut "$RESETS" --store s3 --uses 3
later "truncated bodies, with the length of the whole" passing cut "$TRUNCATED"
later "truncated bodies that say so" passing short "$SHORT"
later "every other answer is nonsense" passing as "${NONSENSE%]}, null, null, null, null, null]"
later "Range is ignored" unusual whole
later "chunked answers" unusual chunked
later "every span corrupt once" corrupt_once
later "SIGTERM while everything stalls" ended
later "some spans corrupt for ever" corrupt_always
later "401 in the middle, with another token" tokens
later "signed URLs that expire: S3" expiring s3
later "signed URLs that expire: GCS" expiring gcs
later "signed URLs that expire: Azure" expiring azure
later "signed URLs and tokens that both expire" private_and_expiring
later "a token server that fails" token_server_down
later "the mirror dies" mirror_down
later "the mirror sends wrong bytes" mirror_corrupt
later "the disk of the cache full, and then freed" disk_full
later "kill -9 and restart" killed
run_later 6
check_summary "$(basename "$0" .sh)"
