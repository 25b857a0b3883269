# shellcheck shell=bash
# What the tests of the controller in a cluster share: a cluster with what deploy/ has, the controller, Pods and policies. Source
# after lib.sh. Sets shared (a folder), DATA and LOG.

. "$HERMES_ROOT/scripts/cluster.sh"
make_temp shared
DATA=$shared/data
LOG=$shared/controller.log

# cluster_up: a cluster with the kind, the account and the rights of deploy/. Sets CONTROLLER_KUBECONFIG to that of the account. The
# API server's process is left in a file, as checks run in subshells.
cluster_up() {
    say "a cluster"
    cluster_start "$shared/cluster"
    echo "$API_SERVER_PID" >"$shared/api.pid"
    disown "$API_SERVER_PID"
    on_exit kill_api_server
    cluster_control
    kubectl apply -f "$HERMES_ROOT/deploy/hermespolicy-crd.yaml" >/dev/null
    kubectl wait --for=condition=Established crd/hermespolicies.hermes.cloudpilot.ai --timeout=30s >/dev/null
    kubectl apply -f "$HERMES_ROOT/deploy/hermes-controller.yaml" >/dev/null
    CONTROLLER_KUBECONFIG=$CLUSTER/controller.kubeconfig
    account_kubeconfig hermes-system hermes-controller "$CONTROLLER_KUBECONFIG"
}
kill_api_server() { stop_process "$(cat "$shared/api.pid")"; }

# controller_start: hermes controller in the background until it answers. Its process and its port are left in files, as checks run in
# subshells.
controller_start() {
    : >"$LOG"
    "$HERMES" controller --kubeconfig "$CONTROLLER_KUBECONFIG" \
        --data "$DATA" --listen 127.0.0.1:0 "$@" 2>>"$LOG" &
    echo $! >"$shared/pid"
    # It is killed here and there, which the shell need not tell.
    disown
    wait_until 30 grep -q 'answering on port' "$LOG" || {
        cat "$LOG"
        return 1
    }
    grep -oE 'answering on port [0-9]+' "$LOG" | grep -oE '[0-9]+' >"$shared/port"
}
controller_end() {
    local pid
    pid=$(cat "$shared/pid")
    kill -s "${1:-TERM}" "$pid" 2>/dev/null || true
    wait_until 30 process_gone "$pid"
}
ask() { curl -fsS "http://127.0.0.1:$(cat "$shared/port")$1"; }
is_ready() { ask /readyz; }

# phase POLICY: "phase image" of each of its images.
phase() { kubectl get hp "$1" -o jsonpath='{range .status.images[*]}{.phase} {.imageDigestRef}{"\n"}{end}'; }
condition() { kubectl get hp "$1" -o jsonpath="{.status.conditions[?(@.type==\"$2\")].$3}"; }
has_phase() { phase "$1" | grep -q "^$2 "; }
has_condition() { [[ $(condition "$1" "$2" "$3") == "$4" ]]; }
has_event() { kubectl get events -A -o jsonpath='{.items[*].reason}' | grep -qw "$1"; }
# becomes POLICY PHASE [SECONDS]: an image of the policy gets there.
becomes() {
    soon "${3:-60}" has_phase "$1" "$2" || {
        kubectl get hp "$1" -o yaml
        tail -n 5 "$LOG"
        return 1
    }
}

# policy NAME REGEX [LINE...]: with more lines of the spec.
policy() {
    local name=$1 regex=$2
    shift 2
    {
        printf '%s\n' 'apiVersion: hermes.cloudpilot.ai/v1alpha1' 'kind: HermesPolicy' "metadata: {name: $name}" 'spec:' \
            "  imageSelectors: [{imageRegex: '$regex'}]"
        printf '  %s\n' "$@"
    } | kubectl apply -f - >/dev/null
}
# pod NAME IMAGE [NAMESPACE [SECRET]]: a Pod that waits for a node for ever.
pod() {
    kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1, namespace: ${3:-default}}
spec:
  nodeSelector: {nowhere: "true"}
  imagePullSecrets: [${4:+{name: $4\}}]
  containers: [{name: main, image: "$2"}]
YAML
}
