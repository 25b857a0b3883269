#!/usr/bin/env bash
# hermes mount shows what containerd unpacks, to every program that walks, counts or copies.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/containerd.sh"

make_temp shared
python3 "$HERMES_ROOT/scripts/strange_image.py" "$shared/strange"
"$HERE/push.py" "$shared/strange" "$REGISTRY" test/strange latest
STRANGE=$REGISTRY/test/strange:latest
quietly index_build --output "$shared/index" "$STRANGE"

mount_strange() { mount_image --index "$shared/index" --cache "$1.cache" "$STRANGE" "$1"; }

like_containerd() {
    make_temp work
    containerd_start "$work/containerd"
    ctr_ images pull --plain-http "$STRANGE" >"$work/pull" 2>&1
    mkdir "$work/unpacked"
    ctr_ images mount "$STRANGE" "$work/unpacked"
    on_exit unmount "$work/unpacked"
    mount_strange "$work/mount"
    # Where no entry gives a folder's time, or another layer changes what is in it, containerd leaves that of unpacking.
    local ignored=() glob
    for glob in . again b b/c crowd implied implied/only links links/folder merged nothing up; do
        ignored+=(--ignore "mtime:$glob")
    done
    python3 "$HERE/treediff.py" "${ignored[@]}" "$work/unpacked" "$work/mount"
}
copied_by() {
    make_temp work
    mount_strange "$work/mount"
    mkdir "$work/copy"
    case $1 in
        tar) tar -C "$work/mount" --xattrs --xattrs-include='*' -cf - . | tar -C "$work/copy" --xattrs --xattrs-include='*' -xpf - ;;
        cp) cp -a "$work/mount/." "$work/copy" ;;
        rsync) rsync -aHX --numeric-ids "$work/mount/" "$work/copy" ;;
    esac
    # cp and tar set a folder's time to the nanosecond; what the mount shows must come through as it is.
    python3 "$HERE/treediff.py" "$work/mount" "$work/copy"
}
counted() {
    make_temp work
    mount_strange "$work/mount"
    cp -a "$work/mount" "$work/copy"
    local tree
    # A hard-linked file counts once, and a folder has two links and one for each folder in it.
    for tree in mount copy; do
        (
            cd "$work/$tree"
            find . -xdev -type f -links +1 | sort
            find . -xdev -type f -printf '%i\n' | sort -u | wc -l
            find . -xdev -type f -printf '%s %p\n' | sort
            find . -xdev -mindepth 1 -type d -printf '%p\n' | sort
        ) >"$work/$tree.counts"
    done
    diff "$work/copy.counts" "$work/mount.counts"
    local links folder
    while read -r links folder; do
        ((links == 2 + $(find "$work/mount/$folder" -mindepth 1 -maxdepth 1 -type d | wc -l)))
    done < <(cd "$work/mount" && find . -xdev -type d -printf '%n %p\n')
    # Without its folders, whose size is each file system's own, and with the crowd's empty files: what du adds up.
    [[ $(du_files "$work/mount") == "$(du_files "$work/copy")" ]]
    # Holes take no space: the sparse files show blocks for their data alone.
    [[ $(stat -c %b "$work/mount/sparse-1.0/hole") == 0 ]]
    (($(du -B1 "$work/mount/sparse-0.1/many" | cut -f1) < 2000000))
    local size used available inodes
    read -r size used available inodes < <(df --output=size,used,avail,itotal -B1 "$work/mount" | tail -n 1)
    ((size > 0 && used == size && available == 0 && inodes > 20000))
}
# du_files DIR: the apparent bytes of all regular files, those with several names once.
du_files() { (cd "$1" && find . -xdev -type f -print0 | du -c --apparent-size -B1 --files0-from=- | tail -n 1 | cut -f1); }
eight_gibibytes() {
    make_temp work
    python3 "$HERE/huge_image.py" "$work/huge"
    quietly index_build --output "$work/index" "oci:$work/huge"
    mount_image --index "$work/index" --cache "$work/cache" "oci:$work/huge" "$work/mount"
    python3 "$HERE/huge_image.py" --check "$work/mount/huge"
}

check "the same tree as containerd unpacks" like_containerd
check "tar copies the mount" copied_by tar
check "cp copies the mount" copied_by cp
check "rsync copies the mount" copied_by rsync
check "du, find, stat and df count right" counted
check "a file of more than 8 GiB" eight_gibibytes
check_summary "$(basename "$0" .sh)"
