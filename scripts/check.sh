# shellcheck shell=bash
# Checks with a name, for scripts that test. Source after lib.sh; end the script with check_summary.

CHECKS_PASSED=0
CHECKS_FAILED=0

# check NAME COMMAND...: runs COMMAND in a subshell that stops at its first failing command and cleans up after itself;
# prints "ok NAME" or "FAIL NAME" with the end of its output. Never call it in a condition: bash would ignore failures.
# With HERMES_UNSTEADY=FILE, as continuous integration sets it, a check that failed is run once more; if it passes then it
# counts as passed, and its name is added to FILE.
check() {
    local name=$1 output status
    shift
    mkdir -p "$HERMES_CACHE/tmp"
    output=$(mktemp "$HERMES_CACHE/tmp/check.XXXXXX")
    set +e
    check_once "$@"
    status=$?
    if ((status != 0)) && [[ -n ${HERMES_UNSTEADY:-} ]]; then
        echo "     $name (exit code $status), once more"
        tail -n 12 "$output" | cut -c 1-300 | sed 's/^/     /'
        check_once "$@"
        status=$?
        ((status != 0)) || echo "${0##*/}: $name" >>"$HERMES_UNSTEADY"
    fi
    set -e
    if ((status == 0)); then
        CHECKS_PASSED=$((CHECKS_PASSED + 1))
        echo "ok   $name"
    else
        CHECKS_FAILED=$((CHECKS_FAILED + 1))
        echo "FAIL $name (exit code $status)"
        tail -n 12 "$output" | cut -c 1-300 | sed 's/^/     /'
    fi
    rm -f "$output"
}

# check_once COMMAND...: with its output in the file $output.
check_once() {
    (
        CLEANUPS=()
        trap run_cleanups EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        # The last line of the output says which command failed, also where that command's own output goes elsewhere. What runs
        # in the background may fail later.
        CHECK_LEVEL=$BASH_SUBSHELL
        trap '((BASH_SUBSHELL > CHECK_LEVEL)) || echo "failed: ${BASH_SOURCE##*/} line $LINENO: $BASH_COMMAND" >&9' ERR
        set -Eeuo pipefail
        "$@"
    ) >"$output" 2>&1 9>&1 </dev/null
}

# check_summary NAME: the counts; ends the script with 1 if a check failed.
check_summary() {
    echo "$1: $CHECKS_PASSED passed, $CHECKS_FAILED failed"
    ((CHECKS_FAILED == 0)) || exit 1
}

# not COMMAND...: fails if COMMAND succeeds; unlike a bare "!", that ends a check.
not() { ! "$@"; }

# later NAME COMMAND...: a check for run_later.
CHECKS_LATER=()
later() { CHECKS_LATER+=("$(printf '%q ' "$@")"); }

# run_later LIMIT: runs those checks, LIMIT of them at a time, in the order in which they were named; prints each when it
# ends. They share nothing but what was there before.
run_later() {
    local limit=$1 outputs number=0 pid
    LATER_RUNNING=()
    make_temp outputs
    on_exit stop_later
    # Each check in a process group of its own, so that all of it can be ended.
    set -m
    while ((number < ${#CHECKS_LATER[@]} || ${#LATER_RUNNING[@]})); do
        if ((number < ${#CHECKS_LATER[@]} && ${#LATER_RUNNING[@]} < limit)); then
            eval "check ${CHECKS_LATER[number]}" >"$outputs/$number" &
            LATER_RUNNING[$!]=$number
            number=$((number + 1))
            continue
        fi
        wait -n -p pid "${!LATER_RUNNING[@]}" || true
        cat "$outputs/${LATER_RUNNING[$pid]}"
        if grep -q '^ok ' "$outputs/${LATER_RUNNING[$pid]}"; then
            CHECKS_PASSED=$((CHECKS_PASSED + 1))
        else
            CHECKS_FAILED=$((CHECKS_FAILED + 1))
        fi
        unset "LATER_RUNNING[$pid]"
    done
    set +m
    CHECKS_LATER=()
}
stop_later() {
    local pid
    for pid in "${!LATER_RUNNING[@]}"; do
        kill -TERM -- "-$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}
