#!/usr/bin/env bash
# The end-to-end tests, against a real docker-registry on loopback: scripts/e2e.sh [TEST...], with a test's name or its
# number, all of scripts/e2e/[0-9]*.sh without one. Prints a line per check and the counts. Needs root.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
[[ $(id -u) == 0 ]] || die "the end-to-end tests mount file systems and need root"
[[ -x $HERMES_ROOT/bin/hermes ]] || die "no bin/hermes: run make"
cd "$HERMES_ROOT/scripts"

make_temp E2E_WORK
registry_start "$E2E_WORK/registry"
say "making the images"
python3 nasty_image.py "$E2E_WORK/nasty"
python3 nasty_image.py --umoci "$E2E_WORK/nasty-umoci"
python3 nasty_image.py --docker "$E2E_WORK/nasty-docker"
python3 nasty_image.py --zstd --big-size 500000 "$E2E_WORK/nasty-zstd"
python3 nasty_image.py --architecture arm64 --big-size 1000 "$E2E_WORK/nasty-arm64"
e2e/push.py "$E2E_WORK/nasty" "$REGISTRY" test/nasty latest
e2e/push.py "$E2E_WORK/nasty-docker" "$REGISTRY" test/docker latest
e2e/push.py "$E2E_WORK/nasty-arm64" "$REGISTRY" test/arm64 latest --platform linux/arm64
export E2E_WORK REGISTRY REGISTRY_LOG REGISTRY_PID

tests=()
for name in "${@:-[0-9]}"; do
    for file in e2e/$name*.sh; do tests+=("$(basename "$file" .sh)"); done
done
passed=0 failed=0
for test in "${tests[@]}"; do
    say "$test"
    : >"$E2E_WORK/lines"
    limited 1200 "$E2E_WORK/lines" bash "e2e/$test.sh" || true
    passed=$((passed + $(grep -c '^ok ' "$E2E_WORK/lines" || true)))
    failed=$((failed + $(grep -c '^FAIL ' "$E2E_WORK/lines" || true)))
    grep -q "^$test: " "$E2E_WORK/lines" || {
        failed=$((failed + 1))
        echo "FAIL $test ended before its end, or did not end in 20 minutes"
    }
done
echo "end to end: $passed passed, $failed failed"
((failed == 0))
