#!/usr/bin/env bash
# The large real image of the benchmarks: vLLM with CUDA's libraries on Debian, seven layers, about 4 GB compressed and
# 90,000 files, as an OCI layout in the cache (tag latest). Made once: some 4 GB from the Python package index that pip is
# set to use, 25 GB of disk while it is built, 5 GB kept.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"
. "$HERMES_ROOT/scripts/debian.sh"
. "$HERMES_ROOT/scripts/layers.sh"

out=$HERMES_CACHE/bench/vllm
if [[ -f $out/index.json ]]; then
    echo "$out"
    exit 0
fi
[[ $(id -u) == 0 ]] || die "building the image needs root"
renice -n 19 -p $$ >/dev/null
# A local pip configuration may offer builds without CUDA: the image is to be the one people really run.
unset PIP_FIND_LINKS
export PIP_CONFIG_FILE=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore

work=$HERMES_CACHE/bench/work
wheels=$HERMES_CACHE/bench/wheels
rm -rf --one-file-system "$work"
mkdir -p "$work" "$wheels"
layers_begin "$work"
root=$LAYERS_ROOT

python_packages() { debian_install "$root" python3 python3-pip libgomp1 gcc libc6-dev python3-dev ca-certificates; }
# pip_in_root ARGUMENT...: the image's own pip, with this machine's name service and certificates.
pip_in_root() {
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mkdir -p "$root/wheels"
    mount --bind "$wheels" "$root/wheels"
    on_exit unmount "$root/wheels"
    mount --bind /etc/ssl/certs "$root/etc/ssl/certs"
    on_exit unmount "$root/etc/ssl/certs"
    chroot_mounts "$root"
    chroot "$root" python3 -m pip "$@" >&2
    umount "$root/proc" "$root/etc/ssl/certs" "$root/wheels"
    rmdir "$root/wheels"
    : >"$root/etc/resolv.conf"
}
# install_wheels PATTERN...: the wheels whose names match a pattern and that no earlier layer has, without looking at what
# they depend on.
shopt -s extglob
declare -A installed=()
install_wheels() {
    local pattern file chosen=()
    for pattern in "$@"; do
        for file in "$wheels"/$pattern; do
            [[ -z ${installed[$file]:-} ]] || continue
            installed[$file]=yes
            chosen+=("/wheels/${file##*/}")
        done
    done
    pip_in_root install -q --break-system-packages --no-index --no-deps "${chosen[@]}"
}

say "Python and its packages"
layer 2-python python_packages
if [[ ! -f $wheels/complete ]]; then
    say "wheels of ${HERMES_BENCH_PACKAGE:=vllm} (about 4 GB)"
    layer download pip_in_root download -q --only-binary :all: -d /wheels "$HERMES_BENCH_PACKAGE"
    # That layer is no part of the image.
    LAYERS_LOWER=${LAYERS_LOWER#*:}
    unset 'LAYERS[-1]'
    touch "$wheels/complete"
fi
say "installing the wheels"
layer 3-nvidia-math install_wheels 'nvidia_cu[bfrs]*.whl' 'nvidia_nv*.whl'
layer 4-nvidia install_wheels 'nvidia_*.whl' 'triton-*.whl'
layer 5-torch install_wheels 'torch-*.whl'
layer 6-packages install_wheels '!(vllm-*|flashinfer_*).whl'
layer 7-vllm install_wheels '*.whl'

say "packing seven layers"
rm -rf "$out.part"
python3 "$HERMES_ROOT/scripts/oci_layout.py" "$out.part" "${LAYERS[@]}"
mv "$out.part" "$out"
rm -rf "$wheels"
echo "$out"
