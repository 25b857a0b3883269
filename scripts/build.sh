#!/usr/bin/env bash
# Builds bin/hermes: release, fully static, stripped, put in place in one step so that a running one is never half written.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
build_alone "$@"
cd "$HERMES_ROOT"

# glibc warns about functions that load libraries at run time (name service, dlopen). They work here: name look-up falls
# back on files and DNS built in, nothing else is called. mktemp is in Swift's own FoundationEssentials, not in Hermes.
# Every other line of the build is shown.
known="found 1 file.s. which are unhandled; explicitly declare|CMakeLists.txt|in statically linked applications requires at runtime the shared libraries|the use of .mktemp' is dangerous"
# Every function has a section of its own, so that the linker leaves out those that nobody calls, and keeps one of those that are
# the same: docs/decisions/small-binary.md.
swift build -c release --product hermes --scratch-path "$HERMES_BUILD/static" --static-swift-stdlib -Xswiftc -static-executable \
    -Xswiftc -Xfrontend -Xswiftc -function-sections -Xlinker --icf=all -Xlinker --no-eh-frame-hdr \
    2>&1 | { grep -vE "$known" || true; }
mkdir -p bin
strip -o bin/.hermes.new "$HERMES_BUILD/static/release/hermes"
mv bin/.hermes.new bin/hermes
