#!/usr/bin/env bash
# Prints the folder with the programs of the newest containerd of a Debian suite: scripts/fetch_containerd.sh SUITE. It is fetched from
# the mirror that this machine's apt uses, once, kept in the cache and not installed. Fails where there is no network.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/debian.sh"
(($# == 1)) || die "usage: fetch_containerd.sh SUITE"
suite=$1
kept=$HERMES_CACHE/containerd
mkdir -p "$kept"
# Others that fetch wait here.
exec 9>"$kept/lock"
flock 9

if [[ ! -x $kept/$suite/usr/bin/containerd ]]; then
    say "the containerd of Debian $suite (once; kept in $kept)"
    make_temp work
    mkdir -p "$work/package"
    debian_lists "$work" deb "$suite"
    version=$(apt-cache "${DEBIAN_APT[@]}" madison containerd | awk -F ' *[|] *' 'NR == 1 {print $2}')
    [[ -n $version ]] || die "Debian $suite has no containerd"
    (cd "$work" && apt-get "${DEBIAN_APT[@]}" download "containerd=$version" >&2)
    dpkg-deb -x "$work"/containerd_*.deb "$work/package"
    rm -rf --one-file-system "${kept:?}/$version"
    mv "$work/package" "$kept/$version"
    ln -sfn "$version" "$kept/$suite"
fi
realpath "$kept/$suite/usr/bin"
