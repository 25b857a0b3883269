#!/usr/bin/env bash
# hermes index inspect, verify and export: what an index holds is the image.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_temp shared
index=$shared/index
quietly index_build --output "$index" "oci:$NASTY"
python3 "$HERE/unpack.py" "$NASTY" "$shared/tree"

inspect() {
    local layers
    layers=$(jq '.layers | length' "$NASTY/blobs/sha256/$(jq -r '.manifests[0].digest' "$NASTY/index.json" | cut -d: -f2)")
    hermes index inspect "$index"
    hermes index inspect --format json "$index" >"$shared/inspect.json"
    jq -e --argjson layers "$layers" '[.. | .layers? | arrays | length] | index($layers) != null' "$shared/inspect.json"
}
# An index that lists the lowest layer alone, as those of soci-snapshotter leave out small ones.
inspect_left_out() {
    make_temp work
    local layers blobs=$work/index/blobs/sha256
    python3 "$HERE/forge_index.py" "$index" "$work/index" 1 partial
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/inspected latest
    "$HERE/push.py" "$work/index" "$REGISTRY" test/inspected "" --referrer
    layers=$(jq '[.layers[].digest] | unique | length' "$NASTY/blobs/sha256/$(jq -r '.manifests[0].digest' "$NASTY/index.json" | cut -d: -f2)")
    hermes index inspect --plain-http --format json "$REGISTRY/test/inspected:latest" >"$work/json"
    jq -e --argjson layers "$layers" '.[0] | (.layers | length) == 1 and (.leftOut | length) == $layers - 1' "$work/json"
    jq -e '.[0] | ([.layers[0].digest] - [.leftOut[].digest] | length) == 1 and all(.leftOut[]; .isIndexedInUse and .compressedSize > 0)' "$work/json"
    hermes index inspect --plain-http "$REGISTRY/test/inspected:latest" | grep -c 'is indexed where it is used' | grep -qx "$((layers - 1))"
    # A whole index leaves out nothing, and of a layout of indexes that is not known.
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/inspected-whole latest
    "$HERE/push.py" "$index" "$REGISTRY" test/inspected-whole "" --referrer
    hermes index inspect --plain-http --format json "$REGISTRY/test/inspected-whole:latest" | jq -e '.[0].leftOut == []'
    jq -e 'all(.[]; has("leftOut") | not)' "$shared/inspect.json"
}
verify() {
    hermes index verify "oci:$NASTY" --index "$index"
    hermes index verify --plain-http "$NASTY_IMAGE" --index "$index"
}
export_files() {
    make_temp work
    local path
    for path in big odd-size etc/plain etc/empty links/c twice/file scattered; do
        hermes index export "oci:$NASTY" --index "$index" "$path" --output "$work/out"
        cmp "$work/out" "$shared/tree/$path"
        rm -rf "$work/out"
    done
    hermes index export --plain-http "$NASTY_IMAGE" --index "$index" /big --output "$work/out"
    cmp "$work/out" "$shared/tree/big"
}
export_tree() {
    make_temp work
    hermes index export "oci:$NASTY" --index "$index" --output "$work/tree"
    treediff --ignore 'nlink:*' --ignore 'group:*' "$shared/tree" "$work/tree"
}
export_missing() {
    make_temp work
    fails 66 "$HERMES" index export "oci:$NASTY" --index "$index" no/such/file --output "$work/out"
    [[ ! -e $work/out ]]
}

check "inspect, as a table and as JSON" inspect
check "inspect names the layers that an index leaves out" inspect_left_out
check "verify, against a layout and a registry" verify
check "export of single files" export_files
check "export of the whole tree" export_tree
check "export of a file that is not there" export_missing
check_summary "$(basename "$0" .sh)"
