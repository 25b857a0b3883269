#!/usr/bin/env bash
# hermes bench pod against a real cluster: API server, scheduler, and a kubelet on containerd, whose node is in two pools.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.sh"
. "$HERMES_ROOT/scripts/cluster.sh"

PAUSE=$REGISTRY/test/pause:latest
POOLS=(--pool first=pool-a=yes --pool "second=pool-b=yes,kubernetes.io/hostname=localhost")

# bench OPTION...: measures as the account that has the rights that docs/bench.md names, and writes the report as JSON.
bench() { "$HERMES" bench pod --kubeconfig "$shared/bench.kubeconfig" --format json "$@" 2>>"$shared/bench.log"; }
# holds REPORT FILTER: whether a jq filter is true of a report.
holds() { jq -e "$2" "$1" >/dev/null || { echo "not so: $2" && jq -c . "$1" | fold -w 250 && return 1; }; }
# fails CODE COMMAND...: whether a command fails with a code.
fails() {
    local expected=$1 code=0
    shift
    "$@" >/dev/null 2>>"$shared/bench.log" || code=$?
    ((code == expected)) || { echo "code $code, and not $expected" && tail -n 3 "$shared/bench.log" && return 1; }
}
# workload NAME IMAGE POLICY COMMAND: a Deployment that is Ready when its server answers.
workload() {
    cat >"$shared/$1.yaml" <<YAML
apiVersion: v1
kind: Service
metadata: {name: server}
spec: {selector: {app: server}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec:
  replicas: 2
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}, annotations: {quoted: "yes"}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: "$2"
        imagePullPolicy: $3
        command: [/bin/busybox, sh, -c, "$4"]
        readinessProbe: {httpGet: {port: 8080, path: /third}, periodSeconds: 1}
YAML
}
SERVE="exec /bin/busybox httpd -f -p 8080 -h /data"
no_pods() { [[ -z $(kubectl -n bench get pods -o name) ]]; }
leaves_nothing() {
    wait_until 60 no_pods || {
        kubectl -n bench get pods
        return 1
    }
}
has_pod() { ! no_pods; }
runs() { [[ $(kubectl -n bench get pods -o 'jsonpath={.items[*].status.phase}') == Running ]]; }

compares_two_pools() {
    workload small "$IMAGE" IfNotPresent "$SERVE"
    bench -f "$shared/small.yaml" "${POOLS[@]}" --rounds 2 --requests 3 --request 'http://{ip}:8080/second' >"$shared/two.json"
    holds "$shared/two.json" '[.sides[].name] == ["first", "second"]'
    holds "$shared/two.json" 'all(.sides[].starts[]; .outcome == "complete" and (.warmSeconds | length) == 3)'
    holds "$shared/two.json" 'all(.sides[].starts[]; [.phases[].name] == ["schedule","pull","create","start","ready","request"])'
    holds "$shared/two.json" 'all(.sides[].starts[]; . as $s | all(range(1; $s.phases | length); $s.phases[.].start - $s.phases[. - 1].start - $s.phases[. - 1].seconds | fabs < 1e-6))'
    # Both pools are one node, which fetched the image once.
    holds "$shared/two.json" '[.sides[].starts[] | [.round, .isCold]] == [[1, true], [2, false], [1, false], [2, false]]'
    holds "$shared/two.json" '.machine.processors > 0 and .machine.memoryBytes > 0 and (.machine.runtime | test("^Kubernetes v.*containerd"))'
    holds "$shared/two.json" '.workload | .request == "GET http://{ip}:8080/second" and (.manifest | startswith("sha256:"))'
    leaves_nothing
    # The report is one that others read.
    "$HERMES" bench compare "$shared/two.json" "$shared/two.json" | grep -q 'too few starts'
}
prints_a_table() {
    "$HERMES" bench pod --kubeconfig "$shared/bench.kubeconfig" -f "$shared/small.yaml" "${POOLS[@]}" --rounds 1 >"$shared/table" 2>>"$shared/bench.log"
    cat "$shared/table"
    grep -q '^WARM STARTS.*first.*second' "$shared/table"
    grep -q '^schedule ' "$shared/table"
}
is_listed() { kubectl get node localhost -o json | jq -e --arg image "$IMAGE" 'any(.status.images[].names[]; . == $image)'; }
is_warm_where_the_image_was() {
    # A kubelet lists its images each 30 seconds. With Always it asks the registry each time, and fetches nothing.
    wait_until 120 is_listed
    workload always "$IMAGE" Always "$SERVE"
    bench -f "$shared/always.yaml" "${POOLS[@]}" --rounds 1 >"$shared/always.json"
    holds "$shared/always.json" 'all(.sides[].starts[]; .outcome == "complete" and (.isCold | not))'
}
shows_failures_as_such() {
    bench -f "$shared/small.yaml" --pool none=pool-a=no --rounds 1 --timeout 2s >"$shared/none.json"
    holds "$shared/none.json" '.sides[0].starts[0] | .outcome == "timed-out" and (.error | test("no node took the Pod: Unschedulable: 0/1 nodes"))'
    workload missing "$REGISTRY/test/missing:1" IfNotPresent "$SERVE"
    bench -f "$shared/missing.yaml" --pool first=pool-a=yes --rounds 1 >"$shared/missing.json"
    holds "$shared/missing.json" '.sides[0].starts[0] | .outcome == "failed" and (.error | test("the container main waits: (ErrImagePull|ImagePullBackOff)"))'
    workload ends "$IMAGE" IfNotPresent "exit 3"
    bench -f "$shared/ends.yaml" --pool first=pool-a=yes --rounds 1 >"$shared/ends.json"
    holds "$shared/ends.json" '.sides[0].starts[0] | .outcome == "failed" and (.error | test("the container main ended with code 3"))'
    leaves_nothing
}
cleans_up_when_interrupted() {
    workload sleeps "$IMAGE" IfNotPresent "exec /bin/busybox sleep 1000"
    "$HERMES" bench pod --kubeconfig "$shared/bench.kubeconfig" -f "$shared/sleeps.yaml" --pool first=pool-a=yes 2>>"$shared/bench.log" &
    local bench=$! code=0
    wait_until 60 runs
    kill -INT "$bench"
    wait "$bench" || code=$?
    ((code == 130))
    leaves_nothing
}
clears_what_a_killed_one_left() {
    "$HERMES" bench pod --kubeconfig "$shared/bench.kubeconfig" -f "$shared/sleeps.yaml" --pool first=pool-a=yes 2>>"$shared/bench.log" &
    local bench=$!
    wait_until 60 has_pod
    kill -KILL "$bench"
    wait "$bench" || true
    bench -f "$shared/small.yaml" --pool first=pool-a=yes --rounds 1 >"$shared/next.json"
    holds "$shared/next.json" '.sides[0].starts[0].outcome == "complete"'
    grep -q 'deletes 1 Pods that an earlier bench left' "$shared/bench.log"
    leaves_nothing
}
says_what_is_wrong() {
    fails 64 bench -f "$shared/small.yaml"
    fails 64 bench -f "$shared/small.yaml" --pool first
    fails 64 bench -f "$shared/small.yaml" --pool first=a=b --pool first=c=d
    fails 64 bench -f "$shared/small.yaml" "${POOLS[@]}" --request http://127.0.0.1/
    fails 64 bench -f "$shared/small.yaml" "${POOLS[@]}" --data x
    echo 'kind: Service' >"$shared/none.yaml"
    fails 64 bench -f "$shared/none.yaml" "${POOLS[@]}"
    grep -q 'neither a Deployment nor a Pod' "$shared/bench.log"
    # An account without the rights is told so, and nothing is tried for ever.
    account_kubeconfig bench default "$shared/other.kubeconfig"
    fails 77 "$HERMES" bench pod --kubeconfig "$shared/other.kubeconfig" -f "$shared/small.yaml" "${POOLS[@]}"
    grep -q 'cannot list events in bench: 403' "$shared/bench.log"
}

quietly make_images
say "a cluster with a node"
cluster_start "$shared/cluster"
cluster_control
containerd_network "$shared/containerd"
CRI_SNAPSHOTTER=overlayfs containerd_start "$shared/containerd" "" "$PAUSE"
cri pull "$PAUSE" >/dev/null
cluster_node "$PAUSE"
on_exit remove_pods
# A kubelet makes Pods anew that are removed under it.
remove_pods() {
    stop_process "$KUBELET_PID"
    soon 60 cri rmp
}
kubectl label node localhost pool-a=yes pool-b=yes >/dev/null
kubectl create namespace bench >/dev/null
kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: ServiceAccount
metadata: {name: bench, namespace: bench}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: bench, namespace: bench}
rules:
- {apiGroups: [""], resources: [pods], verbs: [create, delete, get, list, watch]}
- {apiGroups: [""], resources: [events], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: bench, namespace: bench}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: bench}
subjects: [{kind: ServiceAccount, name: bench, namespace: bench}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: bench}
rules:
- {apiGroups: [""], resources: [nodes], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: bench}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: bench}
subjects: [{kind: ServiceAccount, name: bench, namespace: bench}]
YAML
account_kubeconfig bench bench "$shared/bench.kubeconfig"

check "it compares two pools, and leaves nothing" compares_two_pools
check "it prints a table" prints_a_table
check "a start is warm where the node had the image" is_warm_where_the_image_was
check "failed and late starts are shown as such" shows_failures_as_such
check "interrupted, it leaves nothing" cleans_up_when_interrupted
check "after kill -9 the next one clears up" clears_what_a_killed_one_left
check "it says what is wrong" says_what_is_wrong
check_summary "$(basename "$0" .sh)"
