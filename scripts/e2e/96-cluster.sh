#!/usr/bin/env bash
# The controller against a real API server, with the rights that deploy/ gives it: policies, builds, what a policy's status says, and
# what goes wrong on the way. The Pods are never started: the controller reads nothing but what they ask for.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cluster.sh"

resolves() {
    local image
    image=$(phase "$1" | awk '$1 == "Ready" {print $2; exit}')
    [[ -n $image ]] && ask "/v1/indexes/resolve?image=${image/@/%40}&platform=linux/amd64" >"$shared/resolved"
}

# is_built_by_hand: the index that is resolved is the one that was built, which has the compressed forms of its zTOCs as well. A
# controller compresses what it sends.
is_built_by_hand() {
    local built
    built=$(jq -r .index "$shared/built")
    ask "/v1/blobs/$(jq -r .sociIndex.digest "$shared/resolved")" | jq -S . >"$shared/served.json"
    jq -S 'del(.layers[] | select(.mediaType == "application/vnd.hermes.ztoc.v1+zstd"))' \
        "$shared/index/blobs/sha256/${built#*:}" | diff - "$shared/served.json"
}

crd_rejects() {
    local spec
    for spec in '{imageSelectors: "all"}' '{imageSelectors: [{imageRegex: ""}]}' '{platforms: [windows]}' '{paused: maybe}'; do
        printf '%s\n' 'apiVersion: hermes.cloudpilot.ai/v1alpha1' 'kind: HermesPolicy' 'metadata: {name: bad}' "spec: $spec" |
            not kubectl apply -f -
    done
}
policy_becomes_ready() {
    pod first "$REGISTRY/test/nasty:latest"
    policy nasty test/nasty
    becomes nasty Ready
    [[ $(kubectl get hp nasty -o jsonpath='{.status.ready} {.status.building} {.status.failed}') == "1 0 0" ]]
    soon 10 has_condition nasty Ready status True
    [[ $(condition nasty Ready reason) == AllImagesReady ]]
    [[ $(kubectl get hp nasty -o jsonpath='{.status.observedGeneration}') == $(kubectl get hp nasty -o jsonpath='{.metadata.generation}') ]]
    soon 20 has_event IndexReady
    kubectl get hp | tee "$shared/columns"
    grep -qE 'PAUSED +IMAGES +READY +BUILDING +FAILED +AGE' "$shared/columns"
}
index_is_the_same() {
    resolves nasty
    index_build --output "$shared/index" --format json "$NASTY_IMAGE" >"$shared/built"
    is_built_by_hand
    local digest
    for digest in $(jq -r '.sociIndex.digest, .ztocs[].ztocDigest' "$shared/resolved"); do
        [[ sha256:$(ask "/v1/blobs/$digest" | sha256sum | cut -d' ' -f1) == "$digest" ]]
    done
    (($(ask /v1/artifacts | jq 'map(select(.status == "ready")) | length') == 1))
    ask /metrics | grep -q '^hermes_controller_images{phase="Ready"} 1$'
}
needs_a_pod() {
    local mark
    mark=$(log_mark)
    policy other test/docker
    soon 20 has_condition other Ready reason NoImages
    (($(layer_reads "$mark") == 0))
    pod second "$REGISTRY/test/docker:latest"
    becomes other Ready
}
shared_layers_once() {
    # Another repository with the same layers: they are not read again.
    "$HERE/push.py" "$NASTY" "$REGISTRY" test/copy latest
    local mark
    mark=$(log_mark)
    pod third "$REGISTRY/test/copy:latest"
    policy copy test/copy
    becomes copy Ready
    # The configuration is the one blob that is read.
    (($(layer_reads "$mark") <= 1))
}
other_platform() {
    pod arm "$REGISTRY/test/arm64:latest"
    policy arm test/arm64 'platforms: [linux/arm64]'
    becomes arm Ready
    policy arm test/arm64 'platforms: [linux/s390x]'
    becomes arm Failed
    condition arm Degraded message | grep -q 'linux/s390x'
    soon 20 has_event BuildFailed
}
bad_expression_harms_none() {
    policy broken '([' && policy works test/nasty
    becomes works Ready
    soon 20 has_condition broken Ready reason InvalidSpec
    condition broken Degraded message | grep -qF 'imageSelectors[0].imageRegex'
    kubectl delete hp broken works >/dev/null
}
pause_edit_delete() {
    policy paused test/later 'paused: true'
    push_layout "$shared/small:latest" test/later:latest
    pod later "$REGISTRY/test/later:latest"
    soon 20 has_condition paused Building reason Paused
    sleep 2
    [[ -z $(phase paused) ]]
    kubectl patch hp paused --type merge -p '{"spec": {"paused": false}}' >/dev/null
    becomes paused Ready
    policy paused test/nothing
    soon 20 phase_is_empty paused
    kubectl delete hp paused >/dev/null
}
phase_is_empty() { [[ -z $(phase "$1") ]]; }
pull_secrets() {
    kubectl create namespace team >/dev/null
    soon 30 kubectl get -n team serviceaccount default
    pod private "$PRIVATE/test/small:latest" team registry
    policy private "^$PRIVATE/"
    becomes private Failed
    login wrong
    login secret
    becomes private Ready 120
    # Another namespace does not get at the image with it.
    kubectl delete hp private >/dev/null
    ! grep -q -e secret-of-the-test "$LOG" || return 1
}
password_changes() {
    local failures audit
    policy private "^$PRIVATE/"
    becomes private Ready
    failures=$(failed_builds)
    registry_user "$shared/private" user changed-of-the-test
    login changed
    audit=$(stat -c %s "$CLUSTER/audit.log")
    : >"$shared/private/registry.log"
    # Its node asks the registry, and so does the controller, with the password that worked: it is refused, and the secret read anew.
    pod again "$PRIVATE/test/small:latest" team registry
    soon 60 private_is_read
    tail -c "+$((audit + 1))" "$CLUSTER/audit.log" | grep -q '/namespaces/team/secrets/registry"'
    [[ $(failed_builds) == "$failures" ]]
    kubectl delete hp private >/dev/null
}
private_is_read() { grep -qE '"HEAD /v2/test/small/manifests/latest [^"]*" 200 ' "$shared/private/registry.log"; }
failed_builds() { ask /metrics | awk '$1 == "hermes_controller_build_failures_total" {print $2}'; }
# login PASSWORD: the pull secret of the namespace "team".
login() {
    kubectl -n team create secret docker-registry registry --docker-server="$PRIVATE" --docker-username=user \
        --docker-password="$1-of-the-test" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
}
api_server_restarts() {
    kill -KILL "$(cat "$shared/api.pid")"
    wait_until 20 process_gone "$(cat "$shared/api.pid")"
    # What the watches had is gone from the history when the server is back.
    local revision
    revision=$(ETCDCTL_API=3 etcdctl --endpoints="http://127.0.0.1:$ETCD_PORT" get / --prefix --limit 1 -w json | jq .header.revision)
    ETCDCTL_API=3 etcdctl --endpoints="http://127.0.0.1:$ETCD_PORT" compact "$revision" >/dev/null
    api_server_start
    CLEANUPS=()
    echo "$API_SERVER_PID" >"$shared/api.pid"
    kubectl delete hp other >/dev/null
    pod after "$REGISTRY/test/docker:latest"
    policy after test/docker
    becomes after Ready 90
}
registry_down_and_back() {
    pod gone "$LATE/test/small:latest"
    policy late "^$LATE/"
    becomes late Failed
    kubectl get hp late -o jsonpath='{.status.images[0].error}' | grep -qiE 'refused|cannot|connect'
    python3 - "$LATE" "$LATE_REAL" <<'PY' &
import socket, sys, threading
here, there = ((host, int(port)) for host, port in (text.rsplit(":", 1) for text in sys.argv[1:]))
def pump(a, b):
    try:
        while data := a.recv(65536): b.sendall(data)
    except OSError: pass
    finally:
        try: b.shutdown(socket.SHUT_WR)
        except OSError: pass
server = socket.create_server(here)
while True:
    client = server.accept()[0]; target = socket.create_connection(there)
    for pair in ((client, target), (target, client)): threading.Thread(target=pump, args=pair, daemon=True).start()
PY
    on_exit stop_process $!
    becomes late Ready 120
    kubectl delete hp late >/dev/null
}
killed_in_a_build() {
    local round mark
    pod big "$REGISTRY/test/big:latest"
    policy big test/big
    for round in 1 2 3; do
        sleep "0.$((round * 3))"
        controller_end KILL
        controller_start --no-leader-election
    done
    becomes big Ready
    becomes nasty Ready
    index_build --output "$shared/index" --format json "$REGISTRY/test/big:latest" >"$shared/built"
    resolves big
    is_built_by_hand
    [[ -z $(ls -A "$DATA/tmp") ]]
}
survives_without_registry() {
    # What is in the store is served at once after a restart, and the policy stays Ready.
    controller_end TERM
    kill -STOP "$REGISTRY_PID"
    on_exit kill -CONT "$REGISTRY_PID"
    controller_start --no-leader-election
    wait_until 30 is_ready
    resolves nasty
    sleep 2
    has_phase nasty Ready
}
second_waits() {
    controller_end TERM
    controller_start
    wait_until 30 is_ready
    local port
    "$HERMES" controller --kubeconfig "$CONTROLLER_KUBECONFIG" --data "$shared/second" \
        --listen 127.0.0.1:0 2>"$shared/second.log" &
    local second=$!
    on_exit stop_process "$second"
    wait_until 20 grep -q 'answering on port' "$shared/second.log"
    port=$(grep -oE 'answering on port [0-9]+' "$shared/second.log" | grep -oE '[0-9]+')
    curl -fsS "http://127.0.0.1:$port/healthz"
    not curl -fsS "http://127.0.0.1:$port/readyz"
    # The first gives the lease back as it ends.
    controller_end TERM
    wait_until 30 curl -fsS "http://127.0.0.1:$port/readyz"
    kill -TERM "$second"
    wait "$second"
}
reviews_tokens() {
    controller_end TERM
    # Without the right to ask, nobody gets in.
    controller_start --no-leader-election --token-review hermes-controller --token-review-account hermes-system/hermes-node
    wait_until 30 is_ready
    kubectl -n hermes-system create serviceaccount hermes-node >/dev/null
    local good other
    good=$(account_token hermes-node hermes-controller)
    other=$(account_token hermes-node other)
    [[ $(status_with "$good") == 503 ]]
    kubectl apply -f "$HERMES_ROOT/deploy/hermes-controller-token-review.yaml" >/dev/null 2>&1
    soon 30 is_let_in "$good"
    [[ $(status_with "$other") == 401 ]]
    [[ $(status_with "$(account_token default hermes-controller)") == 401 ]]
    [[ $(status_with nonsense) == 401 ]]
    [[ $(curl -sS -o /dev/null -w '%{http_code}' "$(address)/v1/artifacts") == 401 ]]
    curl -fsS -o /dev/null "$(address)/healthz"
    # No token is in the log.
    ! grep -qF -e "$good" -e "$other" "$LOG" || return 1
    grep -c 'reviews no tokens' "$LOG" | grep -qx 1
    # An API server that is gone opens no door, and a token that is known stays known.
    kill -STOP "$(cat "$shared/api.pid")"
    on_exit kill -CONT "$(cat "$shared/api.pid")"
    [[ $(status_with "$good") == 200 ]]
    curl -sS -o /dev/null -D "$shared/headers" -H "Authorization: Bearer ${good%?????}AAAAA" "$(address)/v1/artifacts"
    grep -q ' 503 ' "$shared/headers"
    grep -qi '^retry-after: 5' "$shared/headers"
    kill -CONT "$(cat "$shared/api.pid")"
    kubectl delete -f "$HERMES_ROOT/deploy/hermes-controller-token-review.yaml" >/dev/null
    controller_end TERM
    # The log says that the right was missing, which the next check looks for.
    : >"$LOG"
}
address() { echo "http://127.0.0.1:$(cat "$shared/port")"; }
# account_token ACCOUNT AUDIENCE: a token of an account of hermes-system (TokenRequest).
account_token() {
    kubectl create --raw "/api/v1/namespaces/hermes-system/serviceaccounts/$1/token" -f - <<<'{"apiVersion":
        "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["'"$2"'"]}}' | jq -r .status.token
}
status_with() { curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $1" "$(address)/v1/artifacts"; }
is_let_in() { [[ $(status_with "$1") == 200 ]]; }
nothing_was_refused() {
    # The API server's own word; a number alone could be a port.
    ! grep -iE 'forbidden|status 403|HTTP 403' "$shared"/*.log || return 1
    kubectl get lease -n hermes-system hermes-controller >/dev/null
}

cluster_up

# A registry that asks for a password, and one that is not there at first.
main=$REGISTRY main_log=$REGISTRY_LOG main_pid=$REGISTRY_PID
registry_start "$shared/private" 127.0.0.1 user secret-of-the-test
PRIVATE=$REGISTRY
registry_start "$shared/late"
LATE_REAL=$REGISTRY
LATE=127.0.0.1:$(free_ports 1)
REGISTRY=$main REGISTRY_LOG=$main_log REGISTRY_PID=$main_pid
make_image() {
    mkdir "$shared/tree"
    head -c "$2" /dev/urandom >"$shared/tree/random"
    echo "$1" >"$shared/tree/name"
    quietly python3 "$HERMES_ROOT/scripts/oci_layout.py" "$shared/$1" "$shared/tree"
    rm -r "$shared/tree"
}
make_image small 100000
make_image big 60000000
skopeo copy -q --dest-tls-verify=false --dest-creds user:secret-of-the-test "oci:$shared/small:latest" "docker://$PRIVATE/test/small:latest"
skopeo copy -q --dest-tls-verify=false "oci:$shared/small:latest" "docker://$LATE_REAL/test/small:latest"
push_layout "$shared/big:latest" test/big:latest
on_exit controller_end KILL

check "the kind refuses a spec that is not valid" crd_rejects
controller_start
check "the controller gets ready" wait_until 30 is_ready
check "a policy becomes Ready, and says so in status, conditions, events and columns" policy_becomes_ready
check "the index is served, and is the one of a build by hand" index_is_the_same
check "an index is built for what Pods run and for nothing else" needs_a_pod
check "layers that images share are read once" shared_layers_once
check "a policy names platforms, and one that an image lacks is a failure that says so" other_platform
check "an expression that is not valid harms no other policy" bad_expression_harms_none
check "pausing, editing and deleting do at once what is expected" pause_edit_delete
check "the pull secret of a Pod opens its registry, also when it was mended later" pull_secrets
check "a password that has changed since an image was read" password_changes
check "an API server that was away, and lost its history" api_server_restarts
check "a registry that was away" registry_down_and_back
controller_end TERM
controller_start --no-leader-election
check "kill -9 in a build" killed_in_a_build
check "without the registry, what was built is served, and the policy stays Ready" survives_without_registry
check "a second controller waits for the lease" second_waits
check "a service account's token that the API server reviews lets a node in, and nothing else does" reviews_tokens
check "the rights in deploy/ are enough" nothing_was_refused
check_summary "$(basename "$0" .sh)"
