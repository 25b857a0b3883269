# shellcheck shell=bash
# A Debian root file system for images, made once and kept in the cache. Needs root. Source after lib.sh.

# The mirror that this machine's own apt uses for bookworm; nothing is assumed about where that is.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
        awk '$2 == "bookworm" && $3 == "main" && $4 == "Debian" {print $1; exit}'
}

# debian_lists FOLDER TYPE SUITE: the packages of a suite of Debian (TYPE deb, or deb-src for sources), from the mirror that this machine's
# apt uses. Their lists are kept in FOLDER, so that the machine's packages stay what they are. Sets DEBIAN_APT to options for
# apt-get and apt-cache.
debian_lists() {
    local mirror
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || die "no apt source offers Debian bookworm main; run apt-get update"
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    # The keys of bookworm sign the later suites, too.
    echo "$2 [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $3 main" >"$1/sources.list"
    DEBIAN_APT=(
        -q -o "Dir::Etc::sourcelist=$1/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$1/lists"
        -o "Dir::Cache=$1/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2
        -o Acquire::http::Timeout=30
    )
    # Lists that cannot be fetched are a warning otherwise.
    apt-get "${DEBIAN_APT[@]}" --error-on=any update >&2
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
