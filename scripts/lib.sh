# shellcheck shell=bash
# What every script here shares: messages, clean-up, a registry on loopback. Source it; it runs nothing by itself.

HERMES_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Exported: what a script starts under another HOME finds the same cache.
export HERMES_CACHE=${HERMES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hermes}
# Options are separate words in every apt-get call: wait for another apt, and keep the archives where no hook empties them.
HERMES_APT=(-y -q -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root -o "Dir::Cache::archives=$HERMES_CACHE/apt")

# Compiled code, a folder for each configuration (static, debug, coverage, fuzz). All checkouts of a user share it, because the
# dependencies take most of the time.
export HERMES_BUILD=${HERMES_BUILD:-$HERMES_CACHE/build}

say() { printf '== %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Clean-up: commands run in reverse order when the script ends, by itself or by a signal.
CLEANUPS=()
on_exit() { CLEANUPS+=("$(printf '%q ' "$@")"); }
run_cleanups() {
    local status=$? i
    trap '' INT TERM HUP
    set +e
    [[ -z $LIMITED ]] || end_limited
    for ((i = ${#CLEANUPS[@]} - 1; i >= 0; i--)); do eval "${CLEANUPS[i]}"; done
    exit "$status"
}
trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# make_temp NAME: a temporary folder in the variable NAME, removed at the end. Never crosses into a mount left in it.
make_temp() {
    local -n made=$1
    mkdir -p "$HERMES_CACHE/tmp"
    made=$(mktemp -d "$HERMES_CACHE/tmp/${0##*/}.XXXXXX")
    on_exit rm -rf --one-file-system "$made"
}

# wait_until SECONDS COMMAND...: tries COMMAND twenty times a second until it succeeds; fails when the time is over.
wait_until() {
    local tries=$(($1 * 20))
    shift
    until "$@" >/dev/null 2>&1; do
        ((tries-- > 0)) || return 1
        sleep 0.05
    done
}

# soon SECONDS COMMAND...: as wait_until, for commands that take long themselves, as kubectl does.
soon() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

# stop_process PID [SIGNAL]: ends a child of this shell and waits for it; kills it after 20 seconds.
stop_process() {
    kill -s "${2:-TERM}" "$1" 2>/dev/null || return 0
    wait_until 20 process_gone "$1" || kill -s KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null || true
}

# limited SECONDS LOG COMMAND...: runs COMMAND, with what it says shown and added to LOG. One that does not end in time is killed with
# all of its session, and the status is 124. What it leaves behind keeps nobody waiting, as it would at the end of a pipe.
LIMITED=
limited() {
    local seconds=$1 log=$2 status=0 start=$SECONDS
    shift 2
    setsid timeout -k 30 "$seconds" "$@" </dev/null >>"$log" 2>&1 &
    LIMITED=$!
    tail -n +1 -s 0.2 -f --pid="$LIMITED" "$log"
    wait "$LIMITED" || status=$?
    # 137: it was killed, which is the limit's doing only when the time is over.
    ((status != 137 || SECONDS - start < seconds)) || status=124
    ((status != 124)) || end_limited
    LIMITED=
    return "$status"
}
end_limited() {
    stop_process "$LIMITED"
    pkill -KILL -s "$LIMITED" || true
}

# build_alone "$@": makes the calling script, with its arguments, the only one that uses the build folder until it ends: runs
# it again under a lock, which what it starts does not inherit.
build_alone() {
    [[ -z ${HERMES_BUILD_LOCKED:-} ]] || return 0
    mkdir -p "$HERMES_BUILD"
    flock --nonblock "$HERMES_BUILD/lock" true || say "waiting for another build in $HERMES_BUILD"
    HERMES_BUILD_LOCKED=1 exec flock --close "$HERMES_BUILD/lock" "$0" "$@"
}

# quietly COMMAND...: shows what COMMAND says only if it fails.
quietly() {
    local said
    said=$("$@" 2>&1) || {
        printf '%s\n' "$said" >&2
        return 1
    }
}
# process_gone PID: whether a process has ended. Its first thread can be a zombie ("Z") while others ("l") still end, and hold its sockets.
process_gone() { ! kill -0 "$1" 2>/dev/null || [[ $(ps -o stat= -p "$1") =~ ^Z[^l]*$ ]]; }

# is_mounted DIR, unmount DIR: a dead FUSE mount answers stat with an error, so the mount table is read instead.
is_mounted() { grep -qF " $1 " /proc/self/mountinfo; }
unmount() { if is_mounted "$1"; then umount "$1" 2>/dev/null || umount -l "$1"; fi; }
# unmount_held DIR: ends a mount that its process may have left to a holder. umount alone would ask it, and wait for an answer.
unmount_held() { if is_mounted "$1"; then umount -lf "$1"; fi; }

# registry_start ROOT [ADDRESS [USER PASSWORD]]: docker-registry with its blobs under ROOT on a free port of loopback or of ADDRESS,
# ended with the script; with a user, for that one alone. Sets REGISTRY (host:port), REGISTRY_PID and REGISTRY_LOG (one access line per request).
registry_start() {
    local root=$1 address=${2:-127.0.0.1} login=()
    mkdir -p "$root"
    REGISTRY_LOG=$root/registry.log
    printf '%s\n' 'version: 0.1' 'log: {level: info}' \
        "storage: {filesystem: {rootdirectory: $root/data}, delete: {enabled: true}}" \
        "http: {addr: \"$address:0\"}" >"$root/config.yml"
    if [[ -n ${3:-} ]]; then
        login=(--user "$3:$4")
        registry_user "$root" "$3" "$4"
        echo "auth: {htpasswd: {realm: test, path: $root/users}}" >>"$root/config.yml"
    fi
    # It takes every variable that begins with REGISTRY_ for a part of its configuration.
    env -u REGISTRY_LOG -u REGISTRY_PID docker-registry serve "$root/config.yml" >"$REGISTRY_LOG" 2>&1 &
    REGISTRY_PID=$!
    on_exit stop_process "$REGISTRY_PID"
    wait_until 20 grep -qF "listening on $address" "$REGISTRY_LOG" || {
        tail -n 5 "$REGISTRY_LOG" >&2
        die "docker-registry did not start"
    }
    REGISTRY=$(grep -oE 'listening on [0-9]+[0-9.:]+' "$REGISTRY_LOG" | head -n 1 | cut -d' ' -f3)
    curl -fsS "${login[@]}" "http://$REGISTRY/v2/" >/dev/null || die "the registry on $REGISTRY does not answer"
}

# registry_user ROOT USER PASSWORD: the one user of a registry, also while it runs.
registry_user() {
    python3 -W ignore -c 'import crypt, sys; print(sys.argv[1], crypt.crypt(sys.argv[2], crypt.mksalt(crypt.METHOD_BLOWFISH)), sep=":")' \
        "$2" "$3" >"$1/users"
}

# push_layout LAYOUT:TAG NAME:TAG: copies an image of an OCI layout to the local registry, byte for byte.
push_layout() {
    skopeo copy -q --preserve-digests --dest-tls-verify=false "oci:$1" "docker://$REGISTRY/$2"
}

# chroot_mounts ROOT: what programs in a chroot expect, unmounted at the end.
chroot_mounts() {
    mount -t proc proc "$1/proc"
    on_exit unmount "$1/proc"
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }
