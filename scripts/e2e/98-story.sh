#!/usr/bin/env bash
# The whole story in one cluster: API server, scheduler, kubelet, containerd, hermes controller and hermes daemon. A policy makes the next
# Pod of an image start lazily; everything else starts as always.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"
. "$HERMES_ROOT/scripts/cluster.sh"

PAUSE=$REGISTRY/test/pause:latest
lazy_rows() { row_count lazy; }

# The Deployment as deploy/ has it, with what this cluster lacks: a network between Pods and the API server, volumes, a registry for the
# image of Hermes.
controller_deploy() {
    local data=$shared/data
    install -d -o 65532 -g 65532 "$data"
    quietly "$HERMES_ROOT/scripts/controller_image.sh" "$shared/image"
    push_layout "$shared/image:latest" hermes/controller:latest
    kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: PersistentVolume
metadata: {name: indexes}
spec: {capacity: {storage: 50Gi}, accessModes: [ReadWriteOnce], hostPath: {path: $data}}
YAML
    sed "s|image: hermes-controller:latest|image: $REGISTRY/hermes/controller:latest|" "$HERMES_ROOT/deploy/hermes-controller.yaml" |
        kubectl apply -f - >/dev/null
    kubectl -n hermes-system patch deployment hermes-controller --type json -p '[
        {"op": "add", "path": "/spec/template/spec/hostNetwork", "value": true},
        {"op": "add", "path": "/spec/template/spec/containers/0/env", "value": [
            {"name": "KUBERNETES_SERVICE_HOST", "value": "127.0.0.1"},
            {"name": "KUBERNETES_SERVICE_PORT", "value": "'"$CLUSTER_PORT"'"}]}]' >/dev/null
}
controller_up() {
    kubectl -n hermes-system scale deployment hermes-controller --replicas=1 >/dev/null
    kubectl -n hermes-system rollout status deployment hermes-controller --timeout=120s || {
        kubectl -n hermes-system logs deployment/hermes-controller --all-containers
        kubectl -n hermes-system describe pod -l app.kubernetes.io/name=hermes-controller | tail -n 12
        return 1
    }
    soon 60 curl -fsS "$SERVICE/readyz"
}
controller_down() {
    kubectl -n hermes-system scale deployment hermes-controller --replicas=0 >/dev/null
    kubectl -n hermes-system wait --for=delete pod -l app.kubernetes.io/name=hermes-controller --timeout=60s
    not curl -fsS "$SERVICE/healthz"
}
is_confined() {
    controller_up
    local pid
    pid=$(pgrep -f '/usr/local/bin/hermes controller')
    [[ $(awk '/^Uid:/ {print $2}' "/proc/$pid/status") == 65532 ]]
    [[ $(awk '/^CapEff:/ {print $2}' "/proc/$pid/status") == 0000000000000000 ]]
    grep -q ' / / ro' "/proc/$pid/mountinfo"
    kubectl -n hermes-system logs deployment/hermes-controller | tee "$shared/said"
    grep -q 'answering on port 39091' "$shared/said"
    [[ -n $(kubectl -n hermes-system get lease hermes-controller -o jsonpath='{.spec.holderIdentity}') ]]
}
# pod NAME IMAGE COMMAND: a Pod that runs a shell command, and goes on.
pod() {
    kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "$2", command: [/bin/busybox, sh, -c, "$3; /bin/busybox sleep 1000000"]}]
YAML
}
runs() { kubectl wait --for=condition=Ready "pod/$1" --timeout=120s; }
prints() { [[ $(kubectl logs "$1") == "$2" ]]; }
phase() { kubectl get hp "$1" -o jsonpath='{.status.images[0].phase}'; }
is_ready() { [[ $(phase "$1") == Ready ]]; }
gone() { kubectl delete pod "$1" --ignore-not-found --wait --timeout=60s >/dev/null; }

has_rows() { (($(rows) == $1)); }
ordinary_pod() {
    rows >"$shared/rows"
    # No policy names it yet: the node pulls it as always.
    pod first "$IMAGE" 'cat /data/third'
    runs first
    soon 30 prints first third
    (($(lazy_rows) == 0))
}
policy_is_ready() {
    kubectl apply -f - >/dev/null <<YAML
apiVersion: hermes.cloudpilot.ai/v1alpha1
kind: HermesPolicy
metadata: {name: small}
spec: {imageSelectors: [{imageRegex: test/small}]}
YAML
    soon 60 is_ready small
    kubectl get hp
}
next_pod_is_lazy() {
    # The node forgets what it pulled, as a fresh node.
    gone first
    # The kubelet itself takes a minute to remove what is left of a Pod, and may just be at it.
    soon 60 cri rmp first
    cri rmi "$IMAGE"
    soon 60 has_rows "$(cat "$shared/rows")"
    daemon_gone TERM
    daemon_up
    pod second "$IMAGE" 'cat /data/third'
    runs second
    soon 30 prints second third
    tail -n 5 "$shared/daemon.log"
    (($(lazy_rows) == 3))
    grep -q 'an image is shown lazily.*test/small' "$shared/daemon.log"
    curl -fsS "$SERVICE/metrics" | grep -q '^hermes_controller_requests_total{request="resolve",status="2xx"} [1-9]'
    # Its start is known for a lazy one.
    soon 20 has_counted 'size="small",lazy="true"'
}
others_as_always() {
    pod plain "$PLAIN" 'cat /data/plain'
    runs plain
    soon 30 prints plain plain
    (($(lazy_rows) == 3))
}
without_the_controller() {
    controller_down
    pod other "$REGISTRY/test/other:latest" 'cat /data/other'
    runs other
    soon 30 prints other other
    # What is lazy goes on without it.
    pod third "$IMAGE" 'cat /data/second | wc -c'
    runs third
    soon 30 prints third 2000000
    controller_up
}
starts_are_counted() {
    curl -fsS "$SERVICE/metrics" >"$shared/metrics"
    pod counted "$IMAGE" 'true'
    runs counted
    soon 20 has_counted
}
has_counted() {
    curl -fsS "$SERVICE/metrics" | grep -qE "^cold_start_total_seconds_count\{[^}]*${1:-}[^}]*\} [1-9]"
}

quietly make_images
quietly make_plain_image
say "a cluster with a node"
cluster_start "$shared/cluster"
cluster_control
kubectl apply -f "$HERMES_ROOT/deploy/hermespolicy-crd.yaml" >/dev/null
kubectl wait --for=condition=Established crd/hermespolicies.hermes.cloudpilot.ai --timeout=30s >/dev/null
SERVICE=http://127.0.0.1:39091
printf '%s\n' '[external_artifact_store]' 'enable = true' "endpoint = \"$SERVICE\"" 'fallback_to_registry = false' \
    'node_name = "localhost"' >"$shared/config.toml"
DAEMON_OPTIONS=(--config "$shared/config.toml")
daemon_up
on_exit daemon_end
containerd_network "$shared/containerd"
containerd_start "$shared/containerd" "$SOCKET" "$PAUSE"
cri pull "$PAUSE" >/dev/null
cluster_node "$PAUSE"
on_exit remove_pods
# A kubelet makes Pods anew that are removed under it.
remove_pods() {
    stop_process "$KUBELET_PID"
    soon 60 cri rmp
}

controller_deploy
check "the Deployment of deploy/ runs, without root and without rights on the node" is_confined
check "a Pod starts as always while no policy names its image" ordinary_pod
check "a policy is applied, and becomes Ready" policy_is_ready
check "the next Pod of the image starts lazily" next_pod_is_lazy
check "an image that no policy names starts as always" others_as_always
check "Pods start while the controller is down" without_the_controller
check "starts of Pods are counted" starts_are_counted
check_summary "$(basename "$0" .sh)"
