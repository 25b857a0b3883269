#!/usr/bin/env bash
# The demo's image: Debian bookworm with Python and its scientific packages in four layers, made with debootstrap and umoci,
# kept as an OCI layout in the cache (tag latest). Prints the layout's path. Needs root.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/debian.sh"

out=$HERMES_CACHE/demo/image
if [[ -f $out/index.json ]]; then
    echo "$out"
    exit 0
fi
[[ $(id -u) == 0 ]] || die "building the image needs root"
make_temp work
bundle=$work/bundle layout=$work/image
root=$bundle/rootfs

# layer NAME: what changed in $root since the last one.
layer() {
    say "layer: $1"
    umoci repack --refresh-bundle --history.created_by "$1" --image "$layout:latest" "$bundle" >&2
}

umoci init --layout "$layout"
umoci new --image "$layout:latest"
umoci config --image "$layout:latest" --config.cmd python3 --config.cmd /app/report.py
umoci unpack --image "$layout:latest" "$bundle"
tar -C "$root" --numeric-owner --xattrs -xf "$(debian_base)"
layer "debootstrap --variant=minbase bookworm"
debian_install "$root" python3 python3-requests python3-yaml python3-sqlalchemy python3-cryptography
layer "apt-get install python3 and libraries"
debian_install "$root" python3-numpy python3-scipy python3-pandas python3-matplotlib
layer "apt-get install numpy scipy pandas matplotlib"
mkdir "$root/app"
cp "$HERMES_ROOT/scripts/demo_app.py" "$root/app/report.py"
# umoci rounds times to seconds; Python compares them with what its compiled files say.
touch -d @1700000000 "$root/app/report.py"
chroot "$root" python3 -m compileall -q /app
layer "the application"

mkdir -p "${out%/*}"
rm -rf "$out"
mv "$layout" "$out"
echo "$out"
