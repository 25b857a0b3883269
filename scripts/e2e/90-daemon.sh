#!/usr/bin/env bash
# The daemon as a snapshotter of a real containerd: beside overlayfs, with the same image.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"

pull() { ctr_ images pull --plain-http --snapshotter "$1" "$IMAGE"; }
hermes_snapshots() { ctr_ snapshots --snapshotter hermes "$@"; }
# top SNAPSHOTTER: the committed snapshot that nothing stands on.
top() {
    ctr_ snapshots --snapshotter "$1" ls | awk '$NF == "Committed" {name[$1]; if (NF == 3) parent[$2]}
        END {for (n in name) if (!(n in parent)) print n}'
}
# shown SNAPSHOTTER DIR: mounts a view of the image on DIR, unmounted with the check. The mount is taken in the same call, as
# containerd's garbage collection may remove a view that nothing refers to at any moment; the layers stay, and so does the mount.
shown() {
    mkdir -p "$2"
    on_exit remove_view "$1"
    ctr_ snapshots --snapshotter "$1" view --target "$2" "view-$1" "$(top "$1")" >"$2.sh"
    sh -e "$2.sh"
    on_exit unmount "$2"
}
remove_view() { ctr_ snapshots --snapshotter "$1" rm "view-$1" 2>/dev/null || true; }
# refused PATTERN COMMAND...: fails with a message that has PATTERN.
refused() {
    local pattern=$1
    shift
    not "$@" 2>"$shared/refused"
    cat "$shared/refused"
    grep -q "$pattern" "$shared/refused"
}
answers() { hermes_snapshots ls; }
as_many_folders_as_rows() { (($(rows) == $(folders))); }
is_empty() { (($(rows) == 0)) && [[ -z $(ls -A "$SNAPSHOTS") ]]; }
folders() { find "$SNAPSHOTS" -mindepth 1 -maxdepth 1 | wc -l; }

shows_the_same_files() {
    pull hermes
    pull overlayfs
    make_temp work
    shown hermes "$work/hermes"
    shown overlayfs "$work/overlayfs"
    [[ $(stat -f -c %T "$work/hermes") == overlayfs ]]
    [[ -s $work/hermes/data/large && ! -e $work/hermes/data/old ]]
    # No layer describes the root folder, so its time is that of the pull.
    treediff --ignore mtime:. "$work/overlayfs" "$work/hermes"
}
counts_the_same_usage() {
    # Keys are chain IDs, so they are the same in both.
    hermes_snapshots usage | sort >"$shared/usage.hermes"
    ctr_ snapshots --snapshotter overlayfs usage | sort >"$shared/usage.overlayfs"
    (($(wc -l <"$shared/usage.hermes") == 4))
    diff "$shared/usage.overlayfs" "$shared/usage.hermes"
}
answers_with_codes() {
    hermes_snapshots prepare one >/dev/null
    refused 'already exists' hermes_snapshots prepare one
    refused 'not found' hermes_snapshots prepare two missing
    refused 'not found' hermes_snapshots rm missing
    refused 'invalid argument' hermes_snapshots view two one
    refused 'failed precondition' hermes_snapshots rm "$(hermes_snapshots ls | awk 'NR > 1 && NF == 2 && $2 == "Committed" {print $1}')"
    hermes_snapshots label one a=b
    hermes_snapshots info one | jq -e '.Labels.a == "b" and .Kind == "Active" and .Created != null'
    hermes_snapshots commit first one
    hermes_snapshots info first | jq -e '.Kind == "Committed"'
    hermes_snapshots rm first
    refused 'not found' hermes_snapshots info first
}
runs_a_container() {
    local said
    said=$(ctr_ run --rm --snapshotter hermes --net-host "$IMAGE" try /bin/busybox sh -c 'echo hello >/data/new; cat /data/new /data/third')
    printf '%s\n' "$said"
    [[ $said == $'hello\nthird' ]]
    not hermes_snapshots info try
}
refuses_a_second() {
    fails 69 "$HERMES" daemon --root "$ROOT" --address "$shared/other.sock"
    fails 69 "$HERMES" daemon --root "$shared/other" --address "$SOCKET"
    [[ $(stat -c %a "$SOCKET") == 600 ]]
    answers
}
# killed_in_a_pull DELAY: kill -9 at some moment of a pull; the next daemon has a folder for each row and no other, and the
# image can be pulled.
killed_in_a_pull() {
    remove_all
    pull hermes >"$shared/pull.log" 2>&1 &
    local puller=$!
    sleep "$1"
    kill -KILL "$(daemon_pid)"
    wait "$puller" || true
    [[ -S $SOCKET ]]
    wait_until 20 process_gone "$(daemon_pid)"
    daemon_up
    as_many_folders_as_rows
    # containerd connects again after a moment, and refuses calls until then.
    wait_until 20 pull hermes
    make_temp work
    shown hermes "$work/hermes"
    diff -r "$shared/bundle/rootfs/data" "$work/hermes/data"
}
remove_all() {
    ctr_ images rm --sync "$IMAGE" >/dev/null 2>&1 || true
    # Children first: a parent is refused while it has one.
    local round name
    for round in 1 2 3 4 5; do
        for name in $(hermes_snapshots ls | awk 'NR > 1 {print $1}'); do hermes_snapshots rm "$name" 2>/dev/null || true; done
    done
}
leaves_nothing() {
    remove_all
    wait_until 20 is_empty || {
        ls -l "$SNAPSHOTS"
        return 1
    }
}
ends_on_signal() {
    kill -TERM "$(daemon_pid)"
    wait_until 20 process_gone "$(daemon_pid)"
    [[ ! -e $SOCKET ]]
    daemon_up
    wait_until 20 answers
}
# A signal that comes while the daemon starts, at any moment, leaves neither a mount nor a socket.
ends_while_it_starts() {
    make_temp work
    local delay status
    for delay in 0.01 0.02 0.03 0.04 0.06 0.08 0.1 0.12; do
        "$HERMES" daemon --root "$work/root" --address "$work/sock" &
        sleep "$delay"
        kill -TERM $!
        # 143: it did not listen to signals yet. 130: it did, and had nothing to clean up yet.
        status=0
        wait $! || status=$?
        echo "$delay $status"
        ((status == 0 || status == 130 || status == 143))
        not is_mounted "$work/root/images"
        [[ ! -e $work/sock ]]
    done
}
tells_its_manager() {
    python3 - "$HERMES" "$shared/notified" <<'PYTHON'
import os, signal, socket, subprocess, sys
os.mkdir(sys.argv[2])
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[2] + "/notify")
manager.settimeout(20)
daemon = subprocess.Popen(
    [sys.argv[1], "daemon", "--root", sys.argv[2] + "/root", "--address", sys.argv[2] + "/socket"],
    env={**os.environ, "NOTIFY_SOCKET": sys.argv[2] + "/notify"})
try:
    assert manager.recv(100) == b"READY=1"
    socket.socket(socket.AF_UNIX).connect(sys.argv[2] + "/socket")
    daemon.send_signal(signal.SIGINT)
    assert manager.recv(100) == b"STOPPING=1"
    assert daemon.wait(20) == 0
finally:
    daemon.kill()
PYTHON
}

reloads_on_hangup() {
    python3 - "$HERMES" "$shared/reloaded" <<'PYTHON'
import os, signal, socket, subprocess, sys
os.mkdir(sys.argv[2])
config = sys.argv[2] + "/config.toml"
def write(text):
    with open(config, "w") as file:
        file.write(text)
write("")
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[2] + "/notify")
manager.settimeout(20)
daemon = subprocess.Popen(
    [sys.argv[1], "daemon", "--config", config, "--root", sys.argv[2] + "/root", "--address", sys.argv[2] + "/socket"],
    env={**os.environ, "NOTIFY_SOCKET": sys.argv[2] + "/notify"}, stderr=subprocess.PIPE, text=True)
def reload(text):
    write(text)
    daemon.send_signal(signal.SIGHUP)
    assert manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert manager.recv(100) == b"READY=1"
try:
    assert manager.recv(100) == b"READY=1"
    reload("[background_fetch]\ndisable = true\n")
    reload("metrics_address = 1\n")
    socket.socket(socket.AF_UNIX).connect(sys.argv[2] + "/socket")
    daemon.send_signal(signal.SIGTERM)
    assert manager.recv(100) == b"STOPPING=1"
    said = daemon.communicate(timeout=20)[1]
    print(said)
    assert daemon.returncode == 0
    assert "notice: a setting has changed (from: false, key: background_fetch.disable, to: true)" in said
    assert "error: the configuration is not reloaded: the old one stays in force" in said
finally:
    daemon.kill()
PYTHON
}
is_watched() {
    python3 - "$HERMES" "$shared/watched" <<'PYTHON'
import os, signal, socket, subprocess, sys
os.mkdir(sys.argv[2])
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[2] + "/notify")
manager.settimeout(20)
daemon = subprocess.Popen(
    [sys.argv[1], "daemon", "--root", sys.argv[2] + "/root", "--address", sys.argv[2] + "/socket"],
    env={**os.environ, "NOTIFY_SOCKET": sys.argv[2] + "/notify", "WATCHDOG_USEC": "400000"})
try:
    assert manager.recv(100) == b"READY=1"
    for _ in range(5):
        assert manager.recv(100) == b"WATCHDOG=1"
    daemon.send_signal(signal.SIGTERM)
    while (said := manager.recv(100)) != b"STOPPING=1":
        assert said == b"WATCHDOG=1"
    assert daemon.wait(20) == 0
finally:
    daemon.kill()
PYTHON
}
prints_its_configuration() {
    make_temp work
    printf 'unknown = 1\n[fuse]\nattr_timeout = 1\n[cache]\nsize = "200G"\n' >"$work/config.toml"
    "$HERMES" daemon --config "$work/config.toml" --print-config >"$work/printed" 2>"$work/warnings"
    grep -q '^warning: .* unknown key .*key: unknown' "$work/warnings"
    grep -q '^warning: .* without effect.*key: fuse' "$work/warnings"
    grep -q '^size = "200G"$' "$work/printed"
    "$HERMES" daemon --config "$work/printed" --print-config >"$work/again" 2>"$work/warnings"
    cmp "$work/printed" "$work/again"
    [[ ! -s $work/warnings ]]
}

checks_the_node() {
    make_temp work
    local check=("$HERMES" daemon --check --config "$work/settings" --root "$work/root" --address "$work/s")
    # Followed by a file and a command, which takes the file for the machine's configuration of containerd.
    # shellcheck disable=SC2016
    local node=(unshare -m sh -c 'mount -t tmpfs none /etc/containerd && cp "$1" /etc/containerd/config.toml && shift && exec "$@"' -)
    : >"$work/settings"
    {
        printf '%s\n' 'version = 2' '[proxy_plugins.hermes]' 'type = "snapshot"' "address = \"$work/s\""
        printf '%s\n' '[plugins."io.containerd.grpc.v1.cri".containerd]' 'snapshotter = "hermes"'
    } >"$work/unlabelled"
    cp "$work/unlabelled" "$work/good"
    echo 'disable_snapshot_annotations = false' >>"$work/good"
    "${node[@]}" "$work/good" "${check[@]}" >"$work/said"
    cat "$work/said"
    grep -q '^ok    kernel: ' "$work/said"
    grep -q '^ok    Pods: ' "$work/said"
    not grep -q ^FAIL "$work/said"
    [[ $(ls "$work") == $'good\nsaid\nsettings\nunlabelled' ]]
    "${node[@]}" "$work/good" "${check[@]}" --format json | jq -e '[.findings[] | .level] | index("FAIL") == null and length > 8'
    # A port at which nobody listens.
    printf '[external_artifact_store]\nenable = true\nendpoint = "http://127.0.0.1:1"\n' >"$work/settings"
    fails 71 "${node[@]}" "$work/unlabelled" "${check[@]}"
    "${node[@]}" "$work/unlabelled" "${check[@]}" --format json 2>/dev/null >"$work/json" || true
    jq -e '[.findings[] | select(.level == "FAIL") | .subject] == ["controller", "Pods"]' "$work/json"
    jq -e '.findings[] | select(.subject == "Pods") | .remedy | startswith("disable_snapshot_annotations = false in ")' "$work/json"
}

quietly make_images
daemon_up
on_exit daemon_end
containerd_start "$shared/containerd" "$SOCKET"

check "an image shows the same files as with overlayfs" shows_the_same_files
check "usage is that of overlayfs" counts_the_same_usage
check "errors have their codes" answers_with_codes
check "a container runs" runs_a_container
check "a second daemon is refused" refuses_a_second
for delay in 0.1 0.3 0.6; do check "kill -9 in a pull, after $delay s" killed_in_a_pull "$delay"; done
check "SIGTERM ends it, and the next one goes on" ends_on_signal
check "SIGTERM while it starts leaves nothing" ends_while_it_starts
check "READY and STOPPING are told" tells_its_manager
check "SIGHUP reloads the configuration" reloads_on_hangup
check "so is WATCHDOG, as long as it runs" is_watched
check "the configuration is printed" prints_its_configuration
check "--check tells what a machine lacks, and changes nothing" checks_the_node
check "nothing is left of removed images" leaves_nothing
check_summary "$(basename "$0" .sh)"
