# shellcheck shell=bash
# What the benchmarks share. Source it; it sets VLLM (the large image's layout) and IMAGES (what else is kept).

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
[[ $(id -u) == 0 ]] || die "the benchmarks mount file systems and need root"
HERMES=$HERMES_ROOT/bin/hermes
[[ -x $HERMES ]] || die "no bin/hermes: run make"
HERE=$HERMES_ROOT/scripts/bench
IMAGES=$HERMES_CACHE/bench
make_temp WORK
export HOME=$WORK/home XDG_CACHE_HOME=$WORK/home/.cache
mkdir -p "$HOME"

# row WHAT VALUE BAR: a line of the table. The bars are goals; nothing fails.
row() { printf '  %-66s %12s   %s\n' "$1" "$2" "$3"; }

median() { sort -n | awk '{value[NR] = $1} END {print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }
percent() { awk -v part="$1" -v whole="$2" 'BEGIN {printf "%.3f %%", 100 * part / whole}'; }

now_us() { echo $(($(date +%s%N) / 1000)); }
# elapsed COMMAND...: its wall time in microseconds; its output is thrown away.
elapsed() {
    local start
    start=$(now_us)
    "$@" >/dev/null
    echo $(($(now_us) - start))
}
# user_time FILE COMMAND...: seconds of user CPU, added as a line to FILE; the peak of resident KiB to FILE.rss.
user_time() {
    local file=$1
    shift
    /usr/bin/time -a -o "$file.both" -f '%U %M' "$@" >/dev/null 2>"$file.err" || {
        cat "$file.err" >&2
        return 1
    }
    tail -n 1 "$file.both" | awk '{print $1}' >>"$file"
    tail -n 1 "$file.both" | awk '{print $2}' >>"$file.rss"
}
drop_caches() {
    sync
    echo 3 >/proc/sys/vm/drop_caches
}

# start_mount ARGUMENT... DIR: hermes mount, behind the words of MOUNT_PREFIX, until it says that it is ready. Sets
# MOUNT_PID and READY_US, the time from its start to that line.
MOUNT_PREFIX=()
start_mount() {
    local line start pipe=$WORK/pipe.$RANDOM
    mkfifo "$pipe"
    start=$(now_us)
    "${MOUNT_PREFIX[@]}" "$HERMES" mount "$@" 2>"$pipe" &
    MOUNT_PID=$!
    on_exit unmount "${*: -1}"
    on_exit stop_process "$MOUNT_PID"
    exec {READER}<"$pipe"
    READY_US=
    while IFS= read -r line <&"$READER"; do
        if [[ $line == "mounted "* ]]; then
            READY_US=$(($(now_us) - start))
            break
        fi
        echo "$line" >&2
    done
    rm "$pipe"
    [[ -n $READY_US ]] || die "hermes mount did not come up"
    cat <&"$READER" >>"$WORK/mount.log" &
    exec {READER}<&-
}
stop_mount() { stop_process "$MOUNT_PID" INT; }
