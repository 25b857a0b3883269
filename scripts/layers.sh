# shellcheck shell=bash
# Images of a Debian, layer by layer, as overlayfs has them. Needs root. Source after lib.sh and debian.sh.

# layers_begin WORK: the lowest layer, Debian's base system, in the new folder WORK, which ends with the script. Sets LAYERS.
layers_begin() {
    LAYERS_WORK=$1
    LAYERS_ROOT=$1/root
    mkdir -p "$LAYERS_ROOT" "$1/base"
    on_exit rm -rf --one-file-system "$1"
    tar -C "$1/base" --numeric-owner -xf "$(debian_base)"
    LAYERS_LOWER=$1/base
    LAYERS=("$1/base")
}

# layer NAME COMMAND...: runs COMMAND with the layers so far mounted on $LAYERS_ROOT; what it changes is layer NAME.
layer() {
    local upper=$LAYERS_WORK/$1
    shift
    mkdir -p "$upper" "$LAYERS_WORK/overlay"
    mount -t overlay overlay -o "lowerdir=$LAYERS_LOWER,upperdir=$upper,workdir=$LAYERS_WORK/overlay" "$LAYERS_ROOT"
    on_exit unmount "$LAYERS_ROOT"
    "$@"
    umount "$LAYERS_ROOT"
    # overlayfs marks a deletion with a device 0:0, an image layer with a .wh. file.
    find "$upper" -type c -print0 | while IFS= read -r -d '' gone; do
        rm "$gone"
        : >"${gone%/*}/.wh.${gone##*/}"
    done
    LAYERS_LOWER=$upper:$LAYERS_LOWER
    LAYERS+=("$upper")
}
