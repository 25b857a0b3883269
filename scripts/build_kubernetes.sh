#!/usr/bin/env bash
# Prints the folder with kube-apiserver, kube-controller-manager, kube-scheduler and kubelet 1.20, the oldest Kubernetes that Hermes
# supports. They are built from Debian's own source package, once (6 CPU minutes), and kept in the cache. Needs the test
# packages of scripts/bootstrap.sh, and the network the first time.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/debian.sh"
kept=$HERMES_CACHE/kubernetes
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet)
mkdir -p "$kept"
# Others that build wait here.
exec 9>"$kept/lock"
flock 9

# api_packages: the packages whose types the API server describes, as Kubernetes' own makefile finds them.
api_packages() {
    grep -rlE --include='*.go' '^// *\+k8s:openapi-gen=(true|[a-z/]+)' pkg plugin staging/src/k8s.io cmd |
        grep -vE 'zz_generated|_test.go|_examples|/testdata/|sample-|code-generator/' | xargs -n 1 dirname | sort -u |
        sed 's,^staging/src/,vendor/,; s,^,k8s.io/kubernetes/,' | paste -sd,
}

# build WORK PROGRAM: compiles the source in WORK into the file PROGRAM.
build() {
    local tree=$1/go/src/k8s.io/kubernetes versions
    mkdir -p "$tree"
    tar -C "$tree" --strip-components=1 -xzf "$1"/kubernetes_1.20*.orig.tar.gz
    # Go 1.18 and later crash in the vendored reflect2 1.0.1 (iteration over maps); Debian has 1.0.2.
    rm -rf "${tree:?}/vendor/github.com/modern-go/reflect2"
    cp -r /usr/share/gocode/src/github.com/modern-go/reflect2 "$tree/vendor/github.com/modern-go/reflect2"
    mkdir "$tree/cmd/cluster"
    cp "$HERMES_ROOT/scripts/kubernetes/main.go" "$tree/cmd/cluster/"
    export GOPATH=$1/go GOCACHE=$1/gocache CGO_ENABLED=0 GO111MODULE=off GOFLAGS=
    cd "$tree"
    # The archive lacks this generated file, without which the API server does not compile.
    go build -o "$1/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    "$1/openapi-gen" --logtostderr -i "$(api_packages)" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
        -h hack/boilerplate/boilerplate.generatego.txt -r "$1/openapi.report" --output-base "$1/go/src" >&2
    # It tells its version from these variables alone, and an empty one is refused by clients.
    versions=$(printf -- '-X k8s.io/kubernetes/vendor/k8s.io/%s ' component-base/version.gitVersion=v1.20.2 \
        component-base/version.gitMajor=1 component-base/version.gitMinor=20 \
        component-base/version.buildDate=2021-01-13T13:20:00Z client-go/pkg/version.gitVersion=v1.20.2)
    go build -tags providerless,dockerless -trimpath -ldflags "-s -w $versions" -o "$2" ./cmd/cluster >&2
}

if [[ ! -x $kept/bin/kubelet ]]; then
    say "Kubernetes 1.20 from Debian's source (once; kept in $kept)"
    make_temp work
    debian_lists "$work" deb-src bookworm
    (cd "$work" && apt-get "${DEBIAN_APT[@]}" source --download-only kubernetes >&2)
    mkdir "$work/bin"
    (build "$work" "$work/bin/cluster")
    for program in "${programs[@]}"; do ln -s cluster "$work/bin/$program"; done
    rm -rf --one-file-system "${kept:?}/bin"
    mv "$work/bin" "$kept/bin"
fi
echo "$kept/bin"
