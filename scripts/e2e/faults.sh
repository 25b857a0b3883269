# shellcheck shell=bash
# What the tests of faults share: a proxy before the registry, readers on a mount behind it. Source after lib.sh.

# fault_image: an image of programs and libraries of this machine in two layers, 64 MB, as test/faults in the registry; its
# files are in $FAULTS/tree and its index in $FAULTS/index. Spans are small, so that there are well over a hundred.
fault_image() {
    make_temp FAULTS
    mkdir "$FAULTS/tree"
    # Every seventh of them, for variety; always the same ones on one machine.
    find /usr/lib /usr/bin -xdev -type f -size +20k -size -4000k -printf '%s %p\n' | sort -k 2 |
        awk 'NR % 7 == 0 && (all += $1) < 64000000 {print $2}' >"$FAULTS/list"
    (($(wc -l <"$FAULTS/list") >= 20)) || die "this machine has too few libraries"
    awk 'NR % 2' "$FAULTS/list" | fault_layer one
    awk 'NR % 2 == 0' "$FAULTS/list" | fault_layer two
    quietly python3 "$HERMES_ROOT/scripts/oci_layout.py" "$FAULTS/image" "$FAULTS/one" "$FAULTS/two"
    "$HERE/push.py" "$FAULTS/image" "$REGISTRY" test/faults latest
    quietly index_build --span-size 512KiB --output "$FAULTS/index" "$REGISTRY/test/faults:latest"
}
fault_layer() {
    mkdir "$FAULTS/$1"
    xargs cp --parents -t "$FAULTS/$1"
    cp -al "$FAULTS/$1/." "$FAULTS/tree"
}

# proxy_start [OPTION...]: fault_proxy.py before the registry, ended with the check. Sets PROXY (host:port), PROXY_PORT and
# CONTROL. Needs $work.
proxy_start() {
    local ports store
    ports=$(mktemp "$work/ports.XXXXXX")
    python3 "$HERE/fault_proxy.py" "$REGISTRY" "$@" >"$ports" &
    on_exit stop_process $!
    wait_until 120 test -s "$ports"
    read -r PROXY_PORT store CONTROL <"$ports"
    PROXY=127.0.0.1:$PROXY_PORT
    echo "proxy on $PROXY, store on $store, control on $CONTROL"
}
control() { curl -fsS --noproxy '*' -X PUT "http://127.0.0.1:$CONTROL/$1" ${2:+--data-binary "$2"} >/dev/null; }
faults() { control faults "$1"; }
# counted NAME: what the proxy has counted; counted_to NAME COUNT: whether that many.
counted() { curl -fsS --noproxy '*' "http://127.0.0.1:$CONTROL/" | jq --arg name "$1" '.[$name] // 0'; }
counted_to() { (($(counted "$1") >= $2)); }

# stage [OPTION...]: the image, mounted through a proxy with these options, with an empty cache; in $work.
stage() {
    make_temp work
    proxy_start "$@"
    mount_image --index "$FAULTS/index" --cache "$work/cache" "$PROXY/test/faults:latest" "$work/mount"
}

# readers [OPTION...]: fault_readers.py on the mount, to the end. What is no end after 200 seconds is a hang.
readers() {
    timeout -k 5 200 python3 "$HERE/fault_readers.py" "${MOUNT_SEEN_AT:-$work/mount}" "$FAULTS/tree" "$@"
}
# readers_start [OPTION...], readers_end: the same in the background.
readers_start() {
    readers "$@" &
    READERS=$!
    on_exit stop_process "$READERS"
}
readers_end() { wait "$READERS"; }

# recovered: the mount lives, and without faults and without a restart everything can be read.
recovered() {
    faults '[]'
    not process_gone "$MOUNT_PID"
    readers --seed 2
    not grep -iE 'fatal error|crash|stack dump' "$MOUNT_LOG"
}
