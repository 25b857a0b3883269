#!/usr/bin/env bash
# The whole story with the large image, by the demo in a cluster: a Pod on a node as it is, then a policy, its index, and the same Pod
# on a node with hermes daemon. The program is "true", so that only the image is measured.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
layout=$("$HERE/image.sh")
HERMES_DEMO_IMAGE=oci:$layout:latest HERMES_DEMO_COMMAND=true "$HERMES_ROOT/scripts/demo_cluster.sh" >"$WORK/story"

# story WHAT: the two times of a row of the demo's table, "hermes plain", in seconds.
story() { sed -nE "s/^ *$1 +([0-9.]+) s +([0-9.]+) s\$/\1 \2/p" "$WORK/story"; }
# story_row WHAT ROW [BAR]: how many times faster, and both times.
story_row() {
    local hermes plain
    read -r hermes plain < <(story "$2") || die "the demo says nothing of $2: $(tail -n 8 "$WORK/story")"
    row "$1: $plain s with overlayfs, $hermes s with hermes" "$(ratio "$plain" "$hermes") x" "${3:-}"
}
story_row "Pod made until its container runs" "container running"
story_row "Pod made until it is Ready" "program finished \(Ready\)" ">= 50 x"
