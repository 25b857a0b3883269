#!/usr/bin/env bash
# Generates Sources/HermesContainerd/API/*.swift from the .proto files beside them, with protoc (Debian: protobuf-compiler) and the
# plug-ins of the packages that Hermes is built with. To be run when a .proto file changes; its results are committed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
build_alone "$@"
cd "$HERMES_ROOT"
command -v protoc >/dev/null || die "protoc is missing: apt-get install protobuf-compiler"

api=Sources/HermesContainerd/API
for plugin in protoc-gen-swift protoc-gen-grpc-swift-2; do
    swift build --product "$plugin" --scratch-path "$HERMES_BUILD/debug" >&2
done
make_temp work
# Those of Google come with the package.
protoc_() {
    protoc --proto_path "$api/proto" --proto_path "$HERMES_BUILD/debug/checkouts/swift-protobuf/Sources/protobuf/include" "$@"
}
(cd "$api/proto" && printf '%s\n' *.proto) >"$work/names"
mapfile -t names <"$work/names"
protoc_ --plugin "$HERMES_BUILD/debug/debug/protoc-gen-swift" --swift_out "$work" \
    --swift_opt Visibility=Package "${names[@]}"
# The service that Hermes offers. What it calls needs no more than the messages.
protoc_ --plugin "$HERMES_BUILD/debug/debug/protoc-gen-grpc-swift-2" --grpc-swift-2_out "$work" \
    --grpc-swift-2_opt Visibility=Package --grpc-swift-2_opt Client=false snapshots.proto
for file in "$work"/*.swift; do
    { echo "// swift-format-ignore-file" && cat "$file"; } >"$api/${file##*/}"
done
