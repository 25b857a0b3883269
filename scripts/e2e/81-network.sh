#!/usr/bin/env bash
# The ways to a registry: proxies from the environment, authorities and certificates of one's own, IPv6.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERE/faults.sh"

make_temp shared
quietly index_build --output "$shared/index" "$NASTY_IMAGE"
python3 "$HERE/unpack.py" "$NASTY" "$shared/tree"
# What the machine that runs the tests has must not count.
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy SSL_CERT_FILE

# certificate NAME: a certificate and its key in $work, its own authority.
certificate() {
    quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -addext subjectAltName=IP:127.0.0.1,DNS:registry.test -keyout "$work/$1.key" -out "$work/$1.crt"
}
# hosts LINE...: the hosts.toml of $PROXY, in $work/hosts.
hosts() {
    mkdir -p "$work/hosts/$PROXY"
    printf '%s\n' "$@" >"$work/hosts/$PROXY/hosts.toml"
}
# same_big ARGUMENT... REGISTRY: mounted by these, a large file is right.
same_big() {
    local registry=${*: -1}
    mount_image --index "$shared/index" --cache "$work/cache" "${@:1:$#-1}" "$registry/test/nasty:latest" "$work/mount"
    cmp "$work/mount/big" "$shared/tree/big"
}
# export_big ARGUMENT...: the same without a mount and without plain HTTP. export_fails CODES ARGUMENT...
export_big() {
    hermes index export --index "$shared/index" --output "$work/big" "$@" big
    cmp "$work/big" "$shared/tree/big"
}
export_fails() {
    fails "$1" "$HERMES" index export --index "$shared/index" --output "$work/none" "${@:2}" big
}

# registry.test is a name that only the proxy can make something of.
by_proxy() {
    make_temp work
    proxy_start
    export HTTP_PROXY=http://$PROXY
    same_big registry.test
    counted_to absolute 3
    (($(counted absolute) == $(counted requests)))
}
not_by_proxy() {
    make_temp work
    proxy_start
    export HTTP_PROXY=http://$PROXY NO_PROXY=other.test,registry.test
    export_fails 69 --plain-http registry.test/test/nasty:latest
    (($(counted requests) == 0))
    NO_PROXY=other.test export_big --plain-http registry.test/test/nasty:latest
    counted_to absolute 3
}
dead_proxy() {
    make_temp work
    HTTP_PROXY=http://name:secret@127.0.0.1:1 export_fails 69 --plain-http registry.test/test/nasty:latest
    not grep secret <<<"$E2E_ERROR"
}
tunnel() {
    make_temp work
    certificate server
    proxy_start --tls "$work/server.crt" "$work/server.key"
    local port=$PROXY_PORT
    proxy_start
    export HTTPS_PROXY=http://$PROXY
    export_fails '69|76' "registry.test:$port/test/nasty:latest"
    counted_to tunnels 1
    SSL_CERT_FILE=$work/server.crt export_big "registry.test:$port/test/nasty:latest"
    counted_to tunnels 2
    # The proxy saw nothing of what went through.
    (($(counted requests) == 0))
}
own_authority() {
    make_temp work
    certificate server
    certificate other
    proxy_start --tls "$work/server.crt" "$work/server.key"
    hosts "server = \"https://$PROXY\"" "ca = \"$work/other.crt\""
    export_fails '69|76' --hosts-dir "$work/hosts" "$PROXY/test/nasty:latest"
    (($(counted requests) == 0))
    hosts "server = \"https://$PROXY\"" "ca = \"$work/server.crt\""
    same_big --hosts-dir "$work/hosts" "$PROXY"
    counted_to blobs 2
}
own_certificate() {
    make_temp work
    certificate server
    certificate client
    certificate other
    proxy_start --tls "$work/server.crt" "$work/server.key" --client-ca "$work/client.crt"
    hosts "server = \"https://$PROXY\"" "ca = \"$work/server.crt\""
    export_fails '69|76|77' --hosts-dir "$work/hosts" "$PROXY/test/nasty:latest"
    hosts "server = \"https://$PROXY\"" "ca = \"$work/server.crt\"" "client = [[\"$work/other.crt\", \"$work/other.key\"]]"
    export_fails '69|76|77' --hosts-dir "$work/hosts" "$PROXY/test/nasty:latest"
    (($(counted requests) == 0))
    hosts "server = \"https://$PROXY\"" "ca = \"$work/server.crt\"" "client = [[\"$work/client.crt\", \"$work/client.key\"]]"
    same_big --hosts-dir "$work/hosts" "$PROXY"
    counted_to blobs 2
}
over_ipv6() {
    make_temp work
    proxy_start --listen ::1
    same_big "[::1]:$PROXY_PORT"
    counted_to blobs 2
}
# A mirror's name is never answered: the look-up lasts for 30 seconds (resolv.conf(5)), and the registry is asked long before,
# while the mirror's requests are given up.
silent_name_server() {
    make_temp work
    echo silent >"$work/mode"
    python3 "$HERE/name_server.py" mirror.faults.test 127.0.0.2 "$work/mode" >"$work/server" &
    on_exit stop_process $!
    wait_until 30 test -s "$work/server"
    printf '%s\n' "nameserver $(cat "$work/server")" "options timeout:30 attempts:1" >"$work/resolv.conf"
    echo "hosts: files dns" >"$work/nsswitch.conf"
    proxy_start
    hosts "server = \"http://$PROXY\"" "[host.\"http://mirror.faults.test\"]"
    # shellcheck disable=SC2016
    local own='mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"'
    local begin
    begin=$(now_ms)
    unshare --mount --propagation private sh -c "$own" "$work" "$HERMES" index export --index "$shared/index" \
        --output "$work/big" --hosts-dir "$work/hosts" "$PROXY/test/nasty:latest" big
    echo "done after $(($(now_ms) - begin)) ms"
    cmp "$work/big" "$shared/tree/big"
    (($(now_ms) - begin < 25000))
}

check "HTTP_PROXY leads to the registry" by_proxy
check "NO_PROXY leads past it" not_by_proxy
check "a proxy that is not there keeps its password" dead_proxy
check "HTTPS_PROXY by CONNECT, and the authority of SSL_CERT_FILE" tunnel
check "an authority of one's own, by hosts.toml" own_authority
check "a client's certificate, by hosts.toml" own_certificate
check "a registry on [::1]" over_ipv6
check "a name server that never answers for a mirror" silent_name_server
check_summary "$(basename "$0" .sh)"
