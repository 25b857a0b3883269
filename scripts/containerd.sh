# shellcheck shell=bash
# A containerd of our own beside the machine's: own root, state and socket. Source after lib.sh.

# containerd_from SUITE: from here on, containerd, ctr and the shim are those of a Debian suite; fails if they cannot be fetched.
containerd_from() {
    local folder
    folder=$("$HERMES_ROOT/scripts/fetch_containerd.sh" "$1") || return 1
    PATH=$folder:$PATH
}
# containerd_version: of the containerd in PATH, without Debian's part of it.
containerd_version() { containerd --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

# containerd_start ROOT [SOCKET [PAUSE]]: starts it, ended with the script, with the snapshotter "hermes" behind SOCKET. With the
# image PAUSE for the sandboxes of pods it also answers a kubelet's calls (CRI). Its state is in CONTAINERD_STATE, if that is set. Sets
# CONTAINERD_SOCKET and CONTAINERD_PID.
containerd_start() {
    local root=$1 version=2
    mkdir -p "$root"
    CONTAINERD_SOCKET=$root/containerd.sock
    [[ $(containerd_version) == 1.* ]] || version=3
    {
        printf '%s\n' "version = $version" "root = \"$root/root\"" "state = \"${CONTAINERD_STATE:-$root/state}\""
        [[ -n ${3:-} ]] || echo 'disabled_plugins = ["io.containerd.grpc.v1.cri"]'
        printf '%s\n' '[grpc]' "address = \"$CONTAINERD_SOCKET\""
        [[ -z ${3:-} ]] || "cri_config_$version" "$root" "$3"
        [[ -z ${2:-} ]] || printf '%s\n' '[proxy_plugins.hermes]' 'type = "snapshot"' "address = \"$2\""
        [[ -z ${2:-} || $version == 2 ]] || echo 'capabilities = ["remap-ids"]'
        [[ -z ${2:-} || -z ${CRI_TRANSFER:-} ]] ||
            printf '%s\n' '[proxy_plugins.hermes.exports]' 'enable_remote_snapshot_annotations = "true"'
    } >"$root/config.toml"
    containerd -c "$root/config.toml" >"$root/log" 2>&1 &
    CONTAINERD_PID=$!
    on_exit stop_process "$CONTAINERD_PID"
    wait_until 20 ctr_ version || {
        tail -n 5 "$root/log" >&2
        die "containerd did not start"
    }
}

# containerd_network ROOT: what containerd_start ROOT needs for Pods with a network of their own, as a kubelet wants it: a pair of
# interfaces for each Pod, and no way out.
containerd_network() {
    mkdir -p "$1/cni/conf"
    ln -sfn /usr/lib/cni "$1/cni/bin"
    cat >"$1/cni/conf/10-test.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "test", "plugins": [{"type": "ptp",
 "ipam": {"type": "host-local", "dataDir": "$1/cni/addresses", "ranges": [[{"subnet": "10.88.77.0/24"}]]}}]}
JSON
}

# cri_config_2 ROOT PAUSE: the part of the configuration that a kubelet's calls need. Without containerd_network there is no network
# plug-in, and pods have to use the host's network. Containers get no better OOM score than containerd, which may not have the right to give one.
cri_config_2() {
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
# cri_config_3 ROOT PAUSE: the same for containerd 2. With CRI_TRANSFER=1 it pulls by its transfer service (since 2.1), which has a
# setting of its own for each of the two: the snapshotter, and whether it is told what it unpacks (the proxy's "exports").
cri_config_3() {
    local snapshotter=${CRI_SNAPSHOTTER:-hermes} disabled=false
    [[ -z ${CRI_TRANSFER:-} ]] || disabled=true
    cat <<TOML
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "$snapshotter"
  # Where it is false, containerd does not use its transfer service.
  disable_snapshot_annotations = $disabled
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "$2"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/$(dpkg --print-architecture)"
  snapshotter = "$snapshotter"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["$1/cni/bin"]
  conf_dir = "$1/cni/conf"
# Its socket would be the machine's.
[plugins."io.containerd.nri.v1.nri"]
  disable = true
TOML
}

cri() { /usr/bin/python3 "$HERMES_ROOT/scripts/cri.py" "$CONTAINERD_SOCKET" "$@"; }
ctr_() { ctr -a "$CONTAINERD_SOCKET" "$@"; }
