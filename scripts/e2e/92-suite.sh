#!/usr/bin/env bash
# containerd's own tests of snapshotters, those of Debian's source package, against the daemon. Its overlayfs is tested beside it, as not
# every kernel lets every test pass: each test must end as it does there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# Of containerd 1.6. Another number means another suite, which somebody has to look at.
TESTS=21
PACKAGE=golang-github-containerd-containerd-dev
SOURCE=$HERMES_ROOT/scripts/snapshotter_suite
make_temp shared

# compile: the tests as a program, kept in the cache. Sets SUITE. Debian's Go packages are in GOPATH, so that no module is downloaded.
compile() {
    local version key new
    version=$(go version; dpkg-query -W "$PACKAGE")
    key=$({ cat "$SOURCE/suite_test.go" && echo "$version"; } | sha256sum)
    SUITE=$HERMES_CACHE/suite/${key%% *}
    [[ ! -x $SUITE ]] || return 0
    say "compiling containerd's tests (once; kept in $HERMES_CACHE/suite)"
    mkdir -p "$HERMES_CACHE/suite"
    make_temp new
    (cd "$SOURCE" && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS='' GOCACHE=$new/cache CGO_ENABLED=0 \
        go test -c -ldflags '-s -w' -o "$new/suite" .)
    mv "$new/suite" "$SUITE"
}

# run_suite NAME: leaves "TEST RESULT" lines in $shared/NAME, and fails unless all tests are there. The limit of time ends a hang, with
# all that the suite has started.
run_suite() {
    mkdir -p "$shared/tmp"
    # A failed test is in the lines.
    TMPDIR=$shared/tmp HERMES=$HERMES timeout -k 10 300 "$SUITE" -test.v -test.parallel 2 -test.run "^Test$1\$" \
        >"$shared/log" 2>&1 || true
    sed -nE "s|^ +--- ([A-Z]+): Test$1/([^ ]+) .*|\2 \1|p" "$shared/log" | sort >"$shared/$1"
    (($(wc -l <"$shared/$1") == TESTS)) || {
        tail -n 12 "$shared/log"
        return 1
    }
    # A mount that is left keeps its folder here.
    [[ -z $(ls -A "$shared/tmp") ]]
}
# The expectation of the next check is none if little of it passes.
passes_on_overlayfs() {
    run_suite Overlayfs
    grep -v ' PASS$' "$shared/Overlayfs" || true
    (($(grep -c ' PASS$' "$shared/Overlayfs") >= TESTS - 1))
}
passes_on_the_daemon() {
    run_suite Hermes
    diff "$shared/Overlayfs" "$shared/Hermes" || {
        grep -A 3 '_test\.go\|testsuite\.go' "$shared/log" | tail -n 8
        return 1
    }
}

compile
check "$TESTS tests of containerd's run on its overlayfs" passes_on_overlayfs
check "the $TESTS tests end the same on the daemon" passes_on_the_daemon
check_summary "$(basename "$0" .sh)"
