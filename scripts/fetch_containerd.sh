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
    mirror=$(debian_mirror)
    [[ -n $mirror ]] || die "no apt source offers Debian bookworm main; run apt-get update"
    say "the containerd of Debian $suite (once; kept in $kept)"
    make_temp work
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/package"
    # The keys of bookworm sign the later suites, too.
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
    # Lists and cache of its own, so that the machine's packages stay what they are.
    options=(
        -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
        -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2
        -o Acquire::http::Timeout=30
    )
    # Lists that cannot be fetched are a warning otherwise.
    apt-get "${options[@]}" --error-on=any update >&2
    version=$(apt-cache "${options[@]}" madison containerd | awk -F ' *[|] *' 'NR == 1 {print $2}')
    [[ -n $version ]] || die "Debian $suite has no containerd"
    (cd "$work" && apt-get "${options[@]}" download "containerd=$version" >&2)
    dpkg-deb -x "$work"/containerd_*.deb "$work/package"
    rm -rf --one-file-system "${kept:?}/$version"
    mv "$work/package" "$kept/$version"
    ln -sfn "$version" "$kept/$suite"
fi
realpath "$kept/$suite/usr/bin"
