#!/usr/bin/env bash
# hermes index build: where images come from, what the index is made of, what is read.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

same_from_both() {
    make_temp work
    index_build --output "$work/registry" "$NASTY_IMAGE"
    index_build --output "$work/layout" "oci:$NASTY:latest"
    diff <(cd "$work/registry/blobs/sha256" && ls) <(cd "$work/layout/blobs/sha256" && ls)
}
deterministic() {
    make_temp work
    TZ=Asia/Kolkata index_build --jobs 1 --output "$work/a" "oci:$NASTY"
    TZ=America/St_Johns LC_ALL=C index_build --jobs 2 --output "$work/b" "oci:$NASTY"
    diff -r "$work/a" "$work/b"
}
other_span_size() {
    make_temp work
    index_build --span-size 1MiB --output "$work/a" "oci:$NASTY"
    index_build --span-size 1048576 --output "$work/b" "oci:$NASTY"
    index_build --span-size 4MiB --output "$work/c" "oci:$NASTY"
    diff -r "$work/a" "$work/b"
    not diff -rq "$work/a" "$work/c"
}
second_build_reads_nothing() {
    make_temp work
    index_build --output "$work/index" "$NASTY_IMAGE"
    cp -a "$work/index" "$work/before"
    local mark layers
    mark=$(log_mark)
    index_build --output "$work/index" "$NASTY_IMAGE"
    diff -r "$work/before" "$work/index"
    layers=$(jq -r '.layers[].digest' <(curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
        "http://$REGISTRY/v2/test/nasty/manifests/latest"))
    for digest in $layers; do
        if tail -c "+$((mark + 1))" "$REGISTRY_LOG" | grep "\"GET /v2/test/nasty/blobs/$digest"; then return 1; fi
    done
}
docker_types() {
    make_temp work
    index_build --output "$work/index" "$REGISTRY/test/docker:latest"
    hermes index verify --plain-http "$REGISTRY/test/docker:latest" --index "$work/index"
}
zstd_layer() {
    make_temp work
    local digest
    digest=$(jq -r '.layers[-1].digest' "$(manifest_of "$E2E_WORK/nasty-zstd")")
    index_build --output "$work/index" "oci:$E2E_WORK/nasty-zstd" 2>"$work/err"
    grep -i zstd "$work/err"
    grep -F "${digest:7:12}" "$work/err"
    hermes index inspect --format json "$work/index" >"$work/json"
    not grep -F "$digest" "$work/json"
}
manifest_of() { echo "$1/blobs/sha256/$(jq -r '.manifests[0].digest' "$1/index.json" | cut -d: -f2)"; }
json_result() {
    make_temp work
    index_build --format json --output "$work/index" "$NASTY_IMAGE" >"$work/json"
    jq -e 'type == "object" or type == "array"' "$work/json"
}
by_digest_and_platform() {
    make_temp work
    local digest
    digest=$(jq -r '.manifests[0].digest' "$NASTY/index.json")
    index_build --output "$work/a" "$REGISTRY/test/nasty@$digest"
    index_build --platform linux/arm64 --output "$work/b" "$REGISTRY/test/arm64:latest"
    index_build --output "$work/c" "$NASTY_IMAGE"
    diff -r "$work/a/blobs" "$work/c/blobs"
}

check "an image in a registry and in a layout give the same index" same_from_both
check "two builds in different time zones and with other jobs are equal" deterministic
check "span sizes in MiB and in bytes" other_span_size
check "a second build reads no layer and changes nothing" second_build_reads_nothing
check "Docker's media types" docker_types
check "a zstd layer is named and left out" zstd_layer
check "--format json" json_result
check "an image by digest, and one of another platform" by_digest_and_platform
check_summary "$(basename "$0" .sh)"
