# shellcheck shell=bash
# What the end-to-end tests share. scripts/e2e.sh sets E2E_WORK (folders with the images), REGISTRY, REGISTRY_LOG and
# REGISTRY_PID.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$HERMES_ROOT/scripts/check.sh"
[[ -n ${E2E_WORK:-} ]] || die "run the tests with scripts/e2e.sh"
HERE=$HERMES_ROOT/scripts/e2e
HERMES=$HERMES_ROOT/bin/hermes
# A home of its own: no index or cache of the user is found, none is left.
export HOME=$E2E_WORK/home XDG_CACHE_HOME=$E2E_WORK/home/.cache
mkdir -p "$HOME"

NASTY=$E2E_WORK/nasty
NASTY_IMAGE=$REGISTRY/test/nasty:latest

hermes() { "$HERMES" "$@"; }
index_build() { hermes index build --plain-http "$@"; }

# Folders of the nasty image that no entry describes: their times are the unpacker's own choice.
IMPLIED=()
for glob in absolute etc etc/double etc/double/slash gnu 'gnu/long-*' missing 'missing/*' names owner pax 'pax/long-*' kept; do
    IMPLIED+=(--ignore "mtime:$glob")
done
treediff() { python3 "$HERE/treediff.py" "${IMPLIED[@]}" "$@"; }

# mount_image ARGUMENT... DIR: hermes mount in the background, until it says that it is ready; ended with the check. Sets
# MOUNT_PID and MOUNT_LOG.
mount_image() {
    local folder=${*: -1}
    mkdir -p "$folder"
    MOUNT_LOG=$folder.log
    # Emptied here: a line of the mount before it must not count.
    : >"$MOUNT_LOG"
    "$HERMES" mount --plain-http "$@" 2>"$MOUNT_LOG" &
    MOUNT_PID=$!
    on_exit unmount "$folder"
    on_exit stop_process "$MOUNT_PID"
    wait_until 60 mount_settled || true
    grep '^mounted ' "$MOUNT_LOG" || {
        cat "$MOUNT_LOG"
        return 1
    }
}
mount_settled() { grep -q '^mounted ' "$MOUNT_LOG" || process_gone "$MOUNT_PID"; }

# end_mount SIGNAL: ends the mount of this check and gives its exit code.
end_mount() {
    kill -s "$1" "$MOUNT_PID"
    wait "$MOUNT_PID"
}

# log_mark, layer_reads MARK: how many requests for blobs of a test image the registry has answered since the mark.
log_mark() { stat -c %s "$REGISTRY_LOG"; }
layer_reads() { tail -c "+$(($1 + 1))" "$REGISTRY_LOG" | grep -c '"GET /v2/[^ ]*/blobs/' || true; }

# fails CODES COMMAND...: COMMAND ends with one of CODES (a|b), and its standard error has exactly one line that begins
# with "error:", in one line, with no trace of a crash. Its text is left in $E2E_ERROR.
fails() {
    local codes=$1 status=0 file
    shift
    make_temp file
    timeout -k 5 60 "$@" >"$file/out" 2>"$file/err" </dev/null || status=$?
    E2E_ERROR=$(cat "$file/err")
    printf 'exit code %s\n%s\n' "$status" "$E2E_ERROR"
    [[ "|$codes|" == *"|$status|"* ]] || return 1
    (($(grep -c '^error: ' "$file/err") == 1)) || return 1
    ! grep -qiE 'fatal error|crash|stack dump|thread [0-9]+.*:' "$file/err" || return 1
}

# nothing_half_written DIR: an index folder has no index.json (or none exists), and each blob is what its name says.
nothing_half_written() {
    [[ -d $1 ]] || return 0
    local file
    while IFS= read -r -d '' file; do
        case ${file#"$1"/} in
            oci-layout) ;;
            blobs/sha256/*) [[ $(sha256sum <"$file") == "${file##*/}  -" ]] ;;
            *)
                echo "left behind: $file"
                return 1
                ;;
        esac
    done < <(find "$1" -type f -print0)
}
