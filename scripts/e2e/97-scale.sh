#!/usr/bin/env bash
# The controller with many Pods, images and policies at once, over connections that break, on a disk that is full, and what it learns of
# Pods that start. The Pods are never started: where a status is wanted, the test writes it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cluster.sh"

IMAGES=40
PODS=300

# objects KIND: 300 Pods of 40 images, or 20 policies of which the first selects all images and each other one two of them.
objects() {
    python3 - "$1" "$REGISTRY" "$PODS" "$IMAGES" <<'PY'
import json, sys
kind, registry, pods, images = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if kind == "Pod":
    for number in range(pods):
        image = f"{registry}/scale/image-{number % images}:v1"
        # No scheduler takes it, so that nothing else writes to it.
        spec = {"schedulerName": "none", "containers": [{"name": "main", "image": image}]}
        print(json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": f"scale-{number}"}, "spec": spec}))
else:
    for number in range(20):
        regex = f"/scale/image-({number}|{number + 20}):" if number else "/scale/"
        print(json.dumps({"apiVersion": "hermes.cloudpilot.ai/v1alpha1", "kind": kind, "metadata": {"name": f"scale-{number}"},
                          "spec": {"imageSelectors": [{"imageRegex": regex}]}}))
PY
}
# counts: "policy ready building failed images" of each policy, where all is as it should be: all images are ready.
counts() {
    kubectl get hp -o json | jq -r '.items[] | select(.metadata.name | startswith("scale-")) |
        "\(.metadata.name) \(.status.ready) \(.status.building) \(.status.failed) \(.status.images | length)"' | sort
}
wanted_counts() {
    local number
    echo "scale-0 $IMAGES 0 0 $IMAGES"
    for number in {1..19}; do echo "scale-$number 2 0 0 2"; done
}
all_ready() { [[ $(counts) == "$(wanted_counts | sort)" ]]; }
ready_artifacts() { ask '/v1/artifacts?limit=1000' | jq 'map(select(.status == "ready")) | length'; }
are_built() { [[ $(ready_artifacts) == "$IMAGES" ]]; }
# layers_once MARK: the registry has sent each layer once since the mark.
layers_once() {
    tail -c "+$(($1 + 1))" "$REGISTRY_LOG" | grep -oE '"GET /v2/[^ ]*/blobs/sha256:[0-9a-f]+' | grep -oE 'sha256:.*' | sort >"$shared/reads"
    grep -Fxf "$shared/layers" "$shared/reads" >"$shared/layer_reads"
    cmp "$shared/layers" "$shared/layer_reads"
}
audit_mark() { stat -c %s "$CLUSTER/audit.log"; }
# asked MARK REGEX: how many requests the controller has made to the API server since the mark.
asked() { tail -c "+$(($1 + 1))" "$CLUSTER/audit.log" | grep -cE "\"requestURI\":\"$2" || true; }

many_at_once() {
    local mark audit
    mark=$(log_mark)
    audit=$(audit_mark)
    { objects Pod && objects HermesPolicy; } | cluster_create
    soon 180 all_ready || {
        counts
        return 1
    }
    (($(ready_artifacts) == IMAGES))
    layers_once "$mark"
    (($(asked "$audit" '[^"]*/serviceaccounts/default"') >= IMAGES))
    # What is written is what has changed: nothing is, once all is told.
    mark=$(audit_mark)
    sleep 3
    (($(asked "$mark" '/apis/hermes') == 0))
}
a_look_is_cheap() {
    local mark audit number
    mark=$(log_mark)
    audit=$(audit_mark)
    # A Pod whose node asks the registry has the controller ask as well.
    for number in 1 2; do
        kubectl run "always-$number" --image="$REGISTRY/scale/image-7:v1" --image-pull-policy=Always --restart=Never \
            --overrides='{"spec": {"schedulerName": "none"}}' >/dev/null
        soon 60 looked "$mark" "$number" || return 1
    done
    (($(tail -c "+$((mark + 1))" "$REGISTRY_LOG" | grep -cE '"GET /v2/scale/' || true) == 0))
    (($(asked "$audit" '[^"]*/(secrets|serviceaccounts)/') == 0))
    kubectl delete pod always-1 always-2 --wait=false >/dev/null
}
looked() { (($(tail -c "+$(($1 + 1))" "$REGISTRY_LOG" | grep -c '"HEAD /v2/scale/image-7/manifests/v1 ') >= $2)); }

connections_break() {
    local mark
    controller_end TERM
    rm -rf "$DATA"
    python3 "$HERE/cut_proxy.py" "$CLUSTER_PORT" 1 >"$shared/cuts" &
    on_exit stop_process $!
    wait_until 10 test -s "$shared/cuts"
    sed "s|127.0.0.1:$CLUSTER_PORT|127.0.0.1:$(head -n 1 "$shared/cuts")|" "$CONTROLLER_KUBECONFIG" >"$shared/cut.kubeconfig"
    CONTROLLER_KUBECONFIG=$shared/cut.kubeconfig
    mark=$(log_mark)
    controller_start --no-leader-election
    soon 240 are_built
    soon 60 all_ready
    layers_once "$mark"
    # What comes meanwhile is seen, and what goes as well.
    policy cut '/scale/image-(3|5):'
    becomes cut Ready 120
    soon 120 has_count cut 2
    kubectl get pods -o name | grep -E 'scale-(3|43|83|123|163|203|243|283)$' | xargs kubectl delete --wait=false --now >/dev/null
    soon 120 has_count cut 1
    kubectl delete hp cut >/dev/null
    grep -q '^cut [1-9]' "$shared/cuts"
    controller_end TERM
}
has_count() { [[ $(kubectl get hp "$1" -o jsonpath='{.status.ready} {.status.images[*].phase}' | wc -w) == $(($2 + 1)) ]] && has_phase "$1" Ready; }

disk_is_full() {
    mkdir "$shared/small"
    mount -t tmpfs -o size=16m tmpfs "$shared/small"
    on_exit unmount "$shared/small"
    DATA=$shared/small
    controller_start --no-leader-election
    on_exit controller_end KILL
    wait_until 30 is_ready
    soon 180 all_but_deleted
    cat /dev/zero >"$shared/small/filler" 2>/dev/null || true
    pod full "$REGISTRY/late/image-0:v1"
    policy full "/late/"
    becomes full Failed
    kubectl get hp full -o jsonpath='{.status.images[0].error}' | tee "$shared/error"
    grep -qi 'no space left' "$shared/error"
    # What was built before is served.
    kubectl get hp scale-0 -o json | jq -e '.status.ready >= 39'
    ask "/v1/indexes/resolve?image=$(phase scale-0 | awk '{sub("@", "%40", $2); print $2; exit}')&platform=linux/amd64" >/dev/null
    rm "$shared/small/filler"
    becomes full Ready 120
    kubectl get hp full -o json | jq -e '.status.failed == 0'
    controller_end TERM
}
all_but_deleted() { (($(ready_artifacts) >= IMAGES - 1)); }

# status POD JSON: writes a Pod's status, as its kubelet would.
status() {
    api_server_ask "/api/v1/namespaces/default/pods/$1/status" -X PATCH \
        -H 'Content-Type: application/merge-patch+json' --data "{\"status\": $2}" >/dev/null
}
# at SECONDS: a time, from now on.
at() { date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ; }
starting_pod() {
    kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  schedulerName: none
  containers:
    - name: main
      image: $REGISTRY/scale/image-1:v1
      livenessProbe: {tcpSocket: {port: 1}, periodSeconds: 10, failureThreshold: 3}
YAML
}
probes_too_short() {
    starting_pod slow
    status slow "{\"phase\": \"Running\", \"conditions\": [{\"type\": \"Ready\", \"status\": \"False\", \"lastTransitionTime\": \"$(at -60)\"}],
        \"containerStatuses\": [{\"name\": \"main\", \"image\": \"x\", \"imageID\": \"\", \"ready\": false, \"restartCount\": 2,
        \"state\": {\"waiting\": {\"reason\": \"CrashLoopBackOff\"}},
        \"lastState\": {\"terminated\": {\"exitCode\": 137, \"startedAt\": \"$(at -60)\", \"finishedAt\": \"$(at -28)\"}}}]}"
    soon 60 has_event ProbesTooShort
    kubectl get events --field-selector reason=ProbesTooShort -o json >"$shared/events"
    jq -e '.items | length == 1 and .[0].involvedObject.name == "slow" and .[0].type == "Warning"' "$shared/events"
    jq -r '.items[0].message' "$shared/events" | grep -q 'Container main was restarted 2 times.*after 32 s.*startupProbe'
}
starts_are_counted() {
    local before
    before=$(starts)
    starting_pod fast
    status fast "{\"phase\": \"Running\", \"conditions\": [{\"type\": \"Ready\", \"status\": \"True\", \"lastTransitionTime\": \"$(at 40)\"}],
        \"containerStatuses\": [{\"name\": \"main\", \"image\": \"x\", \"imageID\": \"\", \"ready\": true, \"restartCount\": 0,
        \"state\": {\"running\": {\"startedAt\": \"$(at 10)\"}}}]}"
    soon 60 counted "$((before + 1))"
    # It counts once, whatever else is said of it.
    kubectl label pod fast seen=true >/dev/null
    kubectl label pod slow seen=true >/dev/null
    pod mark "$REGISTRY/scale/image-2:v1"
    policy mark '/scale/image-2:' && becomes mark Ready
    counted "$((before + 1))"
}
starts() { ask /metrics | awk '/^cold_start_total_seconds_count/ {sum += $2} END {print sum + 0}'; }
counted() { [[ $(starts) == "$1" ]]; }

cluster_up
"$HERMES_ROOT/scripts/many_images.py" "$REGISTRY" scale/image "$IMAGES" | sort >"$shared/layers"
"$HERMES_ROOT/scripts/many_images.py" "$REGISTRY" late/image 1 >/dev/null
on_exit controller_end KILL
controller_start --no-leader-election --max-concurrency 4
wait_until 30 is_ready

check "300 Pods of 40 images and 20 policies at once: all is Ready, and no layer is read twice" many_at_once
check "a look at a tag that has not moved asks for its digest, and the API server for nothing" a_look_is_cheap
check "a Pod whose probes are too short gets an event with the numbers" probes_too_short
check "a Pod that gets ready is counted once" starts_are_counted
check "connections to the API server that break each second change nothing of it" connections_break
check "a full disk is a failure that says so, and heals" disk_is_full
check_summary "$(basename "$0" .sh)"
