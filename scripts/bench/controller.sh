#!/usr/bin/env bash
# Benchmarks of hermes controller, with the API server of scripts/cluster.sh and a registry on loopback: a large cluster in which nothing
# changes, answers to nodes, builds. controller.sh [idle|build|serve]...; all without one. "serve" asks what "build" made. With
# HERMES_BENCH_LOOKS=1, "idle" goes on for the 10 minutes in which each tag is looked at again. The
# machine may be shared, so that what is said of a core is counted in the seconds of CPU that the controller used.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HERMES_ROOT/scripts/cluster.sh"
PODS=10000 IMAGE_COUNT=500 POLICIES=100
# Seconds of which the means are taken when nothing changes.
IDLE=120

# controller_start FOLDER [OPTION...]: sets CONTROLLER_PID and PORT.
controller_start() {
    local folder=$1
    shift
    : >"$WORK/controller.log"
    "$HERMES" controller --kubeconfig "$WORK/controller.kubeconfig" --data "$folder" \
        --listen 127.0.0.1:0 "$@" 2>>"$WORK/controller.log" &
    CONTROLLER_PID=$!
    on_exit stop_process "$CONTROLLER_PID"
    wait_until 60 grep -q 'answering on port' "$WORK/controller.log" || die "the controller did not start"
    PORT=$(grep -oE 'answering on port [0-9]+' "$WORK/controller.log" | grep -oE '[0-9]+')
    wait_until 120 ask /readyz || die "the controller does not get ready"
}
ask() { curl -fsS "http://127.0.0.1:$PORT$1"; }
# cpu: the seconds of CPU that the controller has used.
cpu() { awk -v tick="$(getconf CLK_TCK)" '{sub(/^.*\) /, ""); print ($12 + $13) / tick}' "/proc/$CONTROLLER_PID/stat"; }
# memory FIELD: resident memory in MiB, VmRSS or its peak, VmHWM.
memory() { awk -v field="$1:" '$1 == field {printf "%.0f", $2 / 1024}' "/proc/$CONTROLLER_PID/status"; }
difference() { awk -v a="$1" -v b="$2" 'BEGIN {print b - a}'; }
asked() { wc -l <"$CLUSTER/audit.log"; }
ready() { ask /metrics | awk '$1 == "hermes_controller_images{phase=\"Ready\"}" {print $2}'; }
are_ready() { (($(ready) >= $1)); }

# objects: Pods of images, round robin, and policies of which each selects the images of a hundredth.
objects() {
    python3 - "$REGISTRY" "$PODS" "$IMAGE_COUNT" "$POLICIES" <<'PY'
import json, sys
registry, pods, images, policies = sys.argv[1], *map(int, sys.argv[2:])
for number in range(policies):
    regex = f"^{registry}/idle/image-[0-9]*{number:02}:|^{registry}/idle/image-{number}:"
    print(json.dumps({"apiVersion": "hermes.cloudpilot.ai/v1alpha1", "kind": "HermesPolicy",
                      "metadata": {"name": f"policy-{number}"}, "spec": {"imageSelectors": [{"imageRegex": regex}]}}))
for number in range(pods):
    image = f"{registry}/idle/image-{number % images}:v1"
    labels = {"app": f"app-{number % images}", "pod-template-hash": f"{number % images:x}", "number": str(number)}
    variables = [{"name": f"VARIABLE_{each}", "value": "a value of some length"} for each in range(20)]
    print(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}", "labels": labels},
                      "spec": {"schedulerName": "none", "containers": [{"name": "main", "image": image, "env": variables}]}}))
PY
}

bench_idle() {
    local before requests
    "$HERMES_ROOT/scripts/many_images.py" "$REGISTRY" idle/image "$IMAGE_COUNT" >/dev/null
    objects | cluster_create
    controller_start "$WORK/idle" --max-concurrency 4
    wait_until 600 are_ready "$IMAGE_COUNT" || die "not all images get ready: $(ready)"
    # The statuses are written, and the looks at tags that were ready first come with those that were ready last.
    sleep 30
    before=$(cpu)
    requests=$(asked)
    sleep "$IDLE"
    row "10,000 Pods, 500 images, 100 policies: resident memory" "$(memory VmRSS) MiB" "<= 200 MiB"
    row "the same, without a change: CPU of one core" "$(percent "$(difference "$before" "$(cpu)")" "$IDLE")" "<= 1 %"
    row "the same: requests to the API server in a minute" \
        "$(awk -v a="$requests" -v b="$(asked)" -v s="$IDLE" 'BEGIN {print (b - a) * 60 / s}')" "<= 5"
    # All tags are looked at again once, 10 minutes after they were ready: the same over that time.
    if [[ -n ${HERMES_BENCH_LOOKS:-} ]]; then
        before=$(cpu)
        requests=$(asked)
        sleep 600
        row "the same over 10 minutes, in which each tag is looked at: CPU of one core" \
            "$(percent "$(difference "$before" "$(cpu)")" 600)" "<= 1 %"
        row "the same: requests to the API server in a minute" "$(awk -v a="$requests" -v b="$(asked)" 'BEGIN {print (b - a) / 10}')" "<= 5"
    fi
    stop_process "$CONTROLLER_PID"
    kubectl delete hp --all >/dev/null
}

# pod NAME IMAGE, policy NAME REGEX.
pod() {
    printf '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"}, "spec": {"schedulerName": "none",
        "containers": [{"name": "main", "image": "%s"}]}}' "$1" "$2" | tr -d '\n'
    echo
}
policy() {
    printf '{"apiVersion": "hermes.cloudpilot.ai/v1alpha1", "kind": "HermesPolicy", "metadata": {"name": "%s"},
        "spec": {"imageSelectors": [{"imageRegex": "%s"}]}}' "$1" "$2" | tr -d '\n'
    echo
}

bench_build() {
    local vllm start taken names=() number peak
    vllm=$("$HERE/image.sh")
    push_layout "$vllm:latest" bench/vllm:latest
    find "$vllm/blobs" -type f -size +100k >"$WORK/layers"
    policy large '/bench/vllm' | cluster_create
    controller_start "$WORK/large"
    start=$(now_us)
    pod large "$REGISTRY/bench/vllm:latest" | cluster_create
    wait_until 1800 are_ready 1 || die "the large image does not get ready: $(tail -n 3 "$WORK/controller.log")"
    taken=$(($(now_us) - start))
    stop_process "$CONTROLLER_PID"
    row "a large image's index Ready, from its Pod's creation, against gzip -dc" \
        "$(ratio "$taken" "$(elapsed xargs -a "$WORK/layers" -P "$(nproc)" -n 1 gzip -dc)")" "<= 1.3"
    # Four images at once, of one of the large layers each.
    for number in 2 3 4 5; do
        python3 "$HERE/one_layer.py" "$vllm" "$number" "$WORK/one-$number" >/dev/null
        push_layout "$WORK/one-$number:latest" "four/image-$number:latest"
        names+=("$REGISTRY/four/image-$number:latest")
    done
    policy four '/four/' | cluster_create
    for number in "${!names[@]}"; do pod "four-$number" "${names[number]}"; done | cluster_create
    controller_start "$WORK/four" --max-concurrency 4 --jobs 4
    wait_until 1800 are_ready 4 || die "the four images do not get ready: $(tail -n 3 "$WORK/controller.log")"
    peak=$(memory VmHWM)
    row "resident memory while 4 images are built" "$peak MiB" "<= 300 MiB"
    stop_process "$CONTROLLER_PID"
}

# fetch BASE: all blobs of the index by a node, one after the other on one connection.
fetch() { sed "s|.*|url = \"$1&\"|" "$WORK/digests" | curl -fsS -K - -o /dev/null --remote-name-all >/dev/null; }

bench_serve() {
    local image before port run
    [[ -d $WORK/large ]] || die "\"serve\" needs \"build\" before it"
    controller_start "$WORK/large"
    wait_until 60 are_ready 1
    image=$(ask '/v1/artifacts?limit=1' | jq -r '.[0].imageDigestRef')
    ask "/v1/indexes/resolve?image=${image/@/%40}&platform=linux/amd64" >"$WORK/resolved"
    before=$(cpu)
    # In several processes, as one of Python is not enough.
    python3 "$HERE/ask.py" "$PORT" "/v1/indexes/resolve?image=${image/@/%40}&platform=linux/amd64" 10 >"$WORK/asked"
    row "resolve requests in a second of the controller's CPU" \
        "$(awk -v n="$(cat "$WORK/asked")" -v s="$(difference "$before" "$(cpu)")" 'BEGIN {printf "%.0f", n / s}')" ">= 5000"
    jq -r '.sociIndex.digest, .ztocs[].ztocDigest' "$WORK/resolved" >"$WORK/digests"
    mkdir "$WORK/www"
    while IFS= read -r digest; do cp "$WORK/large/blobs/sha256/${digest#sha256:}" "$WORK/www/$digest"; done <"$WORK/digests"
    port=$(free_ports 1)
    printf '%s\n' "worker_processes 1; pid $WORK/nginx.pid; error_log stderr; daemon off; user root;" 'events {}' \
        "http {access_log off; sendfile on; server {listen 127.0.0.1:$port; root $WORK/www;}}" >"$WORK/nginx.conf"
    nginx -c "$WORK/nginx.conf" -p "$WORK" 2>"$WORK/nginx.log" &
    on_exit stop_process $!
    wait_until 20 curl -fsS -o /dev/null "http://127.0.0.1:$port/$(head -n 1 "$WORK/digests")"
    for ((run = 0; run < 11; run++)); do
        elapsed fetch "http://127.0.0.1:$PORT/v1/blobs/" >>"$WORK/fetch.hermes"
        elapsed fetch "http://127.0.0.1:$port/" >>"$WORK/fetch.nginx"
    done
    row "a node's fetch of a large image's whole index, against nginx" \
        "$(ratio "$(median <"$WORK/fetch.hermes")" "$(median <"$WORK/fetch.nginx")")" "<= 2.0"
    stop_process "$CONTROLLER_PID"
}

registry_start "$WORK/registry"
cluster_start "$WORK/cluster"
cluster_control
kubectl apply -f "$HERMES_ROOT/deploy/hermespolicy-crd.yaml" >/dev/null
kubectl wait --for=condition=Established crd/hermespolicies.hermes.cloudpilot.ai --timeout=30s >/dev/null
kubectl apply -f "$HERMES_ROOT/deploy/hermes-controller.yaml" >/dev/null
account_kubeconfig hermes-system hermes-controller "$WORK/controller.kubeconfig"
benches=("$@")
((${#benches[@]})) || benches=(idle build serve)
for bench in "${benches[@]}"; do "bench_$bench"; done
