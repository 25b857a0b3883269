# shellcheck shell=bash
# A Debian root file system for images, made once and kept in the cache. Needs root. Source after lib.sh.

# The mirror that this machine's own apt uses for bookworm; nothing is assumed about where that is.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        awk '$2 == "bookworm" && $3 == "main" && $4 == "Debian" {print $1; exit}'
}

# debian_base: prints the path of a tar file of bookworm's minbase variant.
debian_base() {
    local tar=$HERMES_CACHE/debian/bookworm-minbase.tar root mirror
    if [[ ! -f $tar ]]; then
        mirror=$(debian_mirror)
        [[ -n $mirror ]] || die "no apt source offers Debian bookworm main; run apt-get update"
        mkdir -p "$HERMES_CACHE/debian/debs"
        root=$HERMES_CACHE/debian/root.$$
        say "debootstrap bookworm (once; kept in $HERMES_CACHE/debian)"
        if ! debootstrap --variant=minbase --cache-dir="$HERMES_CACHE/debian/debs" bookworm "$root" "$mirror" >&2; then
            rm -rf --one-file-system "$root"
            die "debootstrap failed"
        fi
        rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
        tar -C "$root" --numeric-owner --xattrs --sort=name --exclude=./proc/* --exclude=./sys/* -cf "$tar.part" .
        rm -rf --one-file-system "$root"
        mv "$tar.part" "$tar"
    fi
    echo "$tar"
}

# debian_install ROOT PACKAGE...: apt-get install inside ROOT, leaving no lists, archives or logs behind.
debian_install() {
    local root=$1
    shift
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    mount -t proc proc "$root/proc"
    on_exit unmount "$root/proc"
    DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" sh -euc '
        apt-get -q update
        apt-get -q -y --no-install-recommends install "$@"
        apt-get clean
        rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log' sh "$@" >&2
    umount "$root/proc"
    : >"$root/etc/resolv.conf"
}
