#!/usr/bin/env bash
# Prints how many lines the unit tests cover, by folder of Sources.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
build_alone "$@"
cd "$HERMES_ROOT"

# By name, as in test_unit.sh.
for product in hermesPackageTests HermesTestChild; do
    swift build --product "$product" --scratch-path "$HERMES_BUILD/coverage" --enable-code-coverage >&2
done
swift test --skip-build --scratch-path "$HERMES_BUILD/coverage" --disable-xctest --enable-code-coverage >&2
python3 - "$(swift test --scratch-path "$HERMES_BUILD/coverage" --show-codecov-path)" <<'PYTHON'
import collections, json, os, sys
covered, lines = collections.Counter(), collections.Counter()
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    path = os.path.relpath(file["filename"])
    if not path.startswith("Sources/"):
        continue
    folder = "/".join(path.split("/")[1:-1])
    for name in {folder.split("/")[0], folder, "all"}:
        covered[name] += file["summary"]["lines"]["covered"]
        lines[name] += file["summary"]["lines"]["count"]
for name in sorted(lines):
    print(f"{name:40} {covered[name]:6} of {lines[name]:6} lines  {100 * covered[name] / lines[name]:5.1f} %")
PYTHON
