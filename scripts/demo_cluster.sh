#!/usr/bin/env bash
# The demo in a cluster: API server, scheduler, kubelet and containerd, first with containerd's own snapshotter; then a HermesPolicy is
# applied, hermes controller builds the index, and the same Pod starts on a node with hermes daemon. Every figure is measured in this
# run. Needs root; touches no other cluster or containerd, and cleans up after itself, also on ctrl-C. The variables that it
# takes are in demo_lib.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/demo_lib.sh"
. "$HERMES_ROOT/scripts/containerd.sh"
. "$HERMES_ROOT/scripts/cluster.sh"
[[ $(id -u) == 0 ]] || die "the demo mounts file systems and needs root"
hermes=$HERMES_ROOT/bin/hermes
[[ -x $hermes ]] || die "no bin/hermes: run make"
make_temp work
demo_image_pushed

demo_pause_pushed

say "a Kubernetes cluster on loopback"
cluster_start "$work/cluster"
cluster_control
kubectl apply -f "$HERMES_ROOT/deploy/hermespolicy-crd.yaml" >/dev/null
kubectl wait --for=condition=Established crd/hermespolicies.hermes.cloudpilot.ai --timeout=30s >/dev/null

# node_start NAME [SOCKET]: containerd and a kubelet, with hermes daemon behind SOCKET or with overlayfs.
node_start() {
    containerd_network "$work/$1"
    CRI_SNAPSHOTTER=$([[ -n ${2:-} ]] && echo hermes || echo overlayfs) containerd_start "$work/$1" "${2:-}" "$pause"
    cri pull "$pause" >/dev/null
    cluster_node "$pause"
    on_exit remove_pods "$KUBELET_PID" "$CONTAINERD_PID"
}
# A Pod outlives its containerd, and a kubelet makes one anew that is removed under it.
remove_pods() {
    stop_process "$1"
    process_gone "$2" || cri rmp
}
node_stop() {
    kubectl delete pod demo --wait --timeout=60s >/dev/null
    remove_pods "$KUBELET_PID" "$CONTAINERD_PID"
    kubelet_mounts "$CLUSTER/kubelet"
    stop_process "$CONTAINERD_PID"
}

pods=/api/v1/namespaces/default/pods
# pod_is RUNNING|READY: whether the container has started, and whether the program has finished its work.
pod_is() {
    local query='.status.containerStatuses[0].state.running != null'
    [[ $1 == RUNNING ]] || query='any(.status.conditions[]?; .type == "Ready" and .status == "True")'
    api_server_ask "$pods/demo" | jq -e "$query"
}
# measure NAME: a Pod that runs the command, and is ready when that has ended. Sets NAME_running, NAME_ready (milliseconds from its
# creation; the scheduler takes a few of them) and NAME_bytes, what the registry had sent by then.
measure() {
    local -n running=$1_running ready=$1_ready bytes=$1_bytes
    local start
    jq -n --arg image "$image" --arg command "$command && touch /tmp/done && sleep 1000000" '{
        apiVersion: "v1", kind: "Pod", metadata: {name: "demo"}, spec: {terminationGracePeriodSeconds: 0, containers: [{
            name: "main", image: $image, command: ["/bin/sh", "-c", $command],
            readinessProbe: {exec: {command: ["test", "-e", "/tmp/done"]}, periodSeconds: 1, failureThreshold: 1000}}]}}' \
        >"$work/pod.json"
    sync
    echo 3 >/proc/sys/vm/drop_caches
    sent_before=$(sent_total)
    # A node is started here, not a control plane, which has a machine of its own elsewhere: its caches are warm again.
    api_server_ask "$pods" | jq -e .items >/dev/null
    start=$(now_ms)
    api_server_ask "$pods" --json "@$work/pod.json" >/dev/null
    wait_until 600 pod_is RUNNING || die "the Pod does not start: $(kubectl describe pod demo | tail -n 5)"
    running=$(($(now_ms) - start))
    wait_until 600 pod_is READY || die "the Pod does not get ready: $(kubectl describe pod demo | tail -n 5)"
    ready=$(($(now_ms) - start))
    bytes=$(bytes_sent)
    kubectl logs demo >"$work/$1.out"
}

say "on a node as it is: $command"
node_start full
measure full

say "a HermesPolicy, and hermes controller"
port=$(free_ports 1)
"$hermes" controller --kubeconfig "$KUBECONFIG" --data "$work/data" --listen "127.0.0.1:$port" --no-leader-election \
    2>"$work/controller.log" &
on_exit stop_process $!
kubectl apply -f - >/dev/null <<YAML
apiVersion: hermes.cloudpilot.ai/v1alpha1
kind: HermesPolicy
metadata: {name: demo}
spec: {imageSelectors: [{imageRegex: demo/python}]}
YAML
start=$(now_ms)
kubectl get hp
index_is_ready() { [[ $(kubectl get hp demo -o jsonpath='{.status.ready}') == 1 ]]; }
wait_until 600 index_is_ready || die "no index: $(tail -n 1 "$work/controller.log")"
index_ready=$(($(now_ms) - start))
kubectl get hp

say "on a node with hermes daemon"
node_stop
printf '%s\n' '[external_artifact_store]' 'enable = true' "endpoint = \"http://127.0.0.1:$port\"" >"$work/daemon.toml"
demo_daemon_start --config "$work/daemon.toml"
node_start lazy "$work/hermes.sock"
measure lazy
demo_was_lazy
cat "$work/lazy.out"
cmp -s "$work/lazy.out" "$work/full.out" || die "the program printed something else from the pulled image"
node_stop

echo
row "from the Pod's creation" "hermes daemon" "pull with overlayfs"
row "container running" "$(seconds "$lazy_running")" "$(seconds "$full_running")"
row "program finished (Ready)" "$(seconds "$lazy_ready")" "$(seconds "$full_ready")"
row "  bytes by then" "$(megabytes "$lazy_bytes")" "$(megabytes "$full_bytes")"
row "  share of the image" "$(percent "$lazy_bytes" "$image_size")" "$(percent "$full_bytes" "$image_size")"
echo
echo "  image: $(megabytes "$image_size") compressed in $layers layers; its index was Ready $(seconds "$index_ready") after the policy"
echo "  a probe each second says Ready; the rest of the image is fetched in the background from the first moment"
