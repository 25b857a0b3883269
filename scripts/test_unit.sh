#!/usr/bin/env bash
# Builds and runs the unit tests: scripts/test_unit.sh [OPTION OF swift test...]. Ends with the line "unit: N passed, M failed".
# With HERMES_UNSTEADY=FILE, as continuous integration sets it, a test that failed is run once more by itself; if it passes then
# it counts as passed, and its name is added to FILE. So it is with a run that does not end in 15 minutes: it is ended, the tests that
# were under way are named, and all is run once more.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
build_alone "$@"
cd "$HERMES_ROOT"
make_temp work

# run NAME OPTION...: the tests, with their results in $work/NAME.tsv: "passed" or "failed", a tab, the pattern of one test. The
# status is 124 if they did not end in time.
run() {
    local name=$1
    shift
    rm -f "$work/$name".*
    : >"$work/$name.log"
    status=0
    limited 900 "$work/$name.log" swift test --skip-build --scratch-path "$HERMES_BUILD/debug" --disable-xctest \
        --event-stream-output-path "$work/$name.events" --xunit-output "$work/$name.xml" "$@" || status=$?
    python3 scripts/test_results.py "$work/$name.xml" >"$work/$name.tsv"
    ((status != 124)) || {
        say "the tests did not end in 15 minutes; under way were:"
        python3 scripts/test_unended.py "$work/$name.events"
    }
}
count() { grep -c "^$1"$'\t' "$2" || true; }

# The API server that the tests of its client talk to. Without it, as without a network the first time, they are left out.
scripts/build_kubernetes.sh >/dev/null || say "Kubernetes cannot be built here: tests against it are left out"
# By name: a build of all there is would compile protoc too, a thousand files of a package, of which Hermes uses another part.
for product in hermesPackageTests HermesTestChild; do
    swift build --product "$product" --scratch-path "$HERMES_BUILD/debug" || { echo "unit: 0 passed, 1 failed" && exit 1; }
done
run first "$@"
if [[ -n ${HERMES_UNSTEADY:-} ]] && ((status == 124)); then
    say "once more: all unit tests"
    echo "unit tests that did not end" >>"$HERMES_UNSTEADY"
    run first "$@"
fi
passed=$(count passed "$work/first.tsv") failed=$(count failed "$work/first.tsv")
# A run that ends badly without a failed test has crashed, or did not end.
((status == 0 || failed > 0)) || failed=1
if [[ -n ${HERMES_UNSTEADY:-} ]] && ((failed > 0)); then
    while IFS=$'\t' read -r _ pattern; do
        say "once more: $pattern"
        run again --filter "$pattern"
        (($(count passed "$work/again.tsv") > 0 && status == 0)) || continue
        echo "unit $pattern" >>"$HERMES_UNSTEADY"
        passed=$((passed + 1)) failed=$((failed - 1))
    done < <(grep '^failed' "$work/first.tsv")
fi
echo "unit: $passed passed, $failed failed"
((failed == 0))
