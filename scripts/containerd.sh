# shellcheck shell=bash
# A containerd of our own beside the machine's: own root, state and socket, no CRI. Source after lib.sh.

# containerd_start ROOT [SOCKET]: starts it, ended with the script, with the snapshotter "hermes" behind SOCKET. Sets
# CONTAINERD_SOCKET and CONTAINERD_PID.
containerd_start() {
    local root=$1
    mkdir -p "$root"
    CONTAINERD_SOCKET=$root/containerd.sock
    printf '%s\n' 'version = 2' "root = \"$root/root\"" "state = \"$root/state\"" \
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]' '[grpc]' "address = \"$CONTAINERD_SOCKET\"" >"$root/config.toml"
    [[ -z ${2:-} ]] || printf '%s\n' '[proxy_plugins.hermes]' 'type = "snapshot"' "address = \"$2\"" >>"$root/config.toml"
    containerd -c "$root/config.toml" >"$root/log" 2>&1 &
    CONTAINERD_PID=$!
    on_exit stop_process "$CONTAINERD_PID"
    wait_until 20 ctr_ version || {
        tail -n 5 "$root/log" >&2
        die "containerd did not start"
    }
}

ctr_() { ctr -a "$CONTAINERD_SOCKET" "$@"; }
