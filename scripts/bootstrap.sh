#!/usr/bin/env bash
# Makes a Debian 12 machine ready to build Hermes; with --tests also to run its tests, demo and benchmarks. Installs only
# what is missing: where everything is there it changes nothing and needs no network. Starts no service.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

build=(
    binutils ca-certificates curl gcc git libc6-dev libstdc++-12-dev make tzdata
    libbrotli-dev libcurl4-openssl-dev libdeflate-dev libfuse3-dev libidn2-dev libnghttp2-dev libpsl-dev libre2-dev libsqlite3-dev
    libssh2-1-dev libssl-dev libunistring-dev libxxhash-dev libyaml-dev libzstd-dev zlib1g-dev
)
tests=(
    attr busybox-static containerd containernetworking-plugins debootstrap docker-registry e2fsprogs etcd-client etcd-server fio
    flatbuffers-compiler fuse3
    golang-github-containerd-containerd-dev golang-github-modern-go-reflect2-dev golang-go gzip iproute2 jq
    libarchive-tools nginx-light openssl pigz pkg-config procps python3 python3-flatbuffers python3-grpcio python3-yaml rsync shellcheck skopeo strace
    tar time umoci util-linux zstd
)
# Google's package of kubectl, where a machine has it, excludes Debian's.
command -v kubectl >/dev/null || tests+=(kubernetes-client)
# What the Swift toolchain itself needs on Debian (from its official container image).
toolchain=(gpg libcurl4-openssl-dev libedit-dev libncurses-dev libpython3-dev libsqlite3-dev libxml2-dev pkg-config uuid-dev)

# missing PACKAGE...: those that are not installed.
missing() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
}

install_packages() {
    local absent as_root=()
    mapfile -t absent < <(missing "$@")
    ((${#absent[@]})) || return 0
    if [[ $(id -u) != 0 ]]; then
        command -v sudo >/dev/null || die "these packages are missing; install them as root: ${absent[*]}"
        as_root=(sudo)
    fi
    say "installing ${absent[*]}"
    mkdir -p "$HERMES_CACHE/apt/partial"
    start_no_service
    "${as_root[@]}" apt-get "${HERMES_APT[@]}" update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get "${HERMES_APT[@]}" --no-install-recommends install "${absent[@]}"
}

# start_no_service: packages bring services (containerd, nginx) that a machine which only builds and tests has no use for. Debian
# asks this file before it starts one (invoke-rc.d(8)).
start_no_service() {
    local policy=/usr/sbin/policy-rc.d
    [[ ! -e $policy ]] || return 0
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
    on_exit "${as_root[@]}" rm -f "$policy"
}

# swift_works: a Swift of at least 6.2 in PATH or in /opt/swift.
swift_works() {
    local version
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9.]+$') || return 1
    printf '6.2\n%s\n' "$version" | sort -VC
}

# The toolchain of swift.org, accepted only with a good signature of the release key named here.
install_swift() {
    local version=6.3.1 key=52BB7E3DE28A71BE22EC05FFEF80A866B47A981F suffix folder file url
    case $(dpkg --print-architecture) in
        amd64) suffix= ;;
        arm64) suffix=-aarch64 ;;
        *) die "swift.org has no Debian toolchain for $(dpkg --print-architecture)" ;;
    esac
    [[ -w /opt ]] || die "no Swift 6.2 or later found, and /opt is not writable: run as root"
    install_packages "${toolchain[@]}"
    make_temp folder
    file=swift-$version-RELEASE-debian12$suffix.tar.gz
    say "Swift $version into /opt/swift"
    url=https://download.swift.org/swift-$version-release/debian12$suffix/swift-$version-RELEASE/$file
    curl -fSL --retry 3 -o "$folder/$file" "$url"
    curl -fsSL --retry 3 -o "$folder/$file.sig" "$url.sig"
    curl -fsSL --retry 3 -o "$folder/keys" https://www.swift.org/keys/all-keys.asc
    mkdir -m 700 "$folder/gnupg"
    gpg --homedir "$folder/gnupg" --batch --quiet --import "$folder/keys"
    gpg --homedir "$folder/gnupg" --batch --status-fd 3 --verify "$folder/$file.sig" "$folder/$file" 3>"$folder/status"
    grep -q "VALIDSIG.*$key" "$folder/status" || die "$file is not signed by Swift's release key $key"
    rm -rf /opt/swift.part
    mkdir /opt/swift.part
    tar -C /opt/swift.part --strip-components=1 -xzf "$folder/$file"
    mv /opt/swift.part /opt/swift
}

case ${1:-} in
    "") install_packages "${build[@]}" ;;
    --tests) install_packages "${build[@]}" "${tests[@]}" ;;
    *) die "usage: bootstrap.sh [--tests]" ;;
esac
PATH=$PATH:/opt/swift/usr/bin
swift_works || install_swift
