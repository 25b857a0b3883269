# shellcheck shell=bash
# A containerd of our own beside the machine's: own root, state and socket. Source after lib.sh.

# containerd_start ROOT [SOCKET [PAUSE]]: starts it, ended with the script, with the snapshotter "hermes" behind SOCKET. With the
# image PAUSE for the sandboxes of pods it also answers a kubelet's calls (CRI). Sets CONTAINERD_SOCKET and CONTAINERD_PID.
containerd_start() {
    local root=$1
    mkdir -p "$root"
    CONTAINERD_SOCKET=$root/containerd.sock
    printf '%s\n' 'version = 2' "root = \"$root/root\"" "state = \"$root/state\"" >"$root/config.toml"
    [[ -n ${3:-} ]] || echo 'disabled_plugins = ["io.containerd.grpc.v1.cri"]' >>"$root/config.toml"
    printf '%s\n' '[grpc]' "address = \"$CONTAINERD_SOCKET\"" >>"$root/config.toml"
    [[ -z ${3:-} ]] || cri_config "$root" "$3" >>"$root/config.toml"
    [[ -z ${2:-} ]] || printf '%s\n' '[proxy_plugins.hermes]' 'type = "snapshot"' "address = \"$2\"" >>"$root/config.toml"
    containerd -c "$root/config.toml" >"$root/log" 2>&1 &
    CONTAINERD_PID=$!
    on_exit stop_process "$CONTAINERD_PID"
    wait_until 20 ctr_ version || {
        tail -n 5 "$root/log" >&2
        die "containerd did not start"
    }
}

# cri_config ROOT PAUSE: the part of the configuration that a kubelet's calls need. Nothing is told of network plug-ins, as pods have
# the host's network. Containers get no better OOM score than containerd, which may not have the right to give one.
cri_config() {
    cat <<TOML
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$2"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "$1/cni/bin"
  conf_dir = "$1/cni/conf"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "${CRI_SNAPSHOTTER:-hermes}"
  disable_snapshot_annotations = false
TOML
}

cri() { /usr/bin/python3 "$HERMES_ROOT/scripts/cri.py" "$CONTAINERD_SOCKET" "$@"; }
ctr_() { ctr -a "$CONTAINERD_SOCKET" "$@"; }
