# shellcheck shell=bash
# A Kubernetes cluster of our own on loopback: etcd, the API server and, where it is asked for, the other parts, each ended with the
# script. Source after lib.sh. Only cluster_node needs root.

# free_ports NUMBER: ports of loopback that nobody listens on now.
free_ports() {
    python3 -c 'import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in sockets))' "$1"
}

# cluster_certificate NAME SUBJECT USE [ADDRESSES]: a key and a certificate of the cluster's authority, and where a client uses it, its
# kubeconfig.
cluster_certificate() {
    local base=$CLUSTER/$1
    openssl ecparam -name prime256v1 -genkey -noout -out "$base.key"
    openssl req -new -key "$base.key" -subj "$2" -out "$base.csr"
    printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n%s\n' "$3" "${4:+subjectAltName=$4}" >"$base.ext"
    openssl x509 -req -in "$base.csr" -CA "$CLUSTER/ca.crt" -CAkey "$CLUSTER/ca.key" -CAcreateserial -days 30 \
        -extfile "$base.ext" -out "$base.crt" 2>/dev/null
    [[ $3 != clientAuth ]] || cat >"$base.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://127.0.0.1:$CLUSTER_PORT", certificate-authority: $CLUSTER/ca.crt}}]
users: [{name: user, user: {client-certificate: $base.crt, client-key: $base.key}}]
contexts: [{name: test, context: {cluster: test, user: user}}]
current-context: test
YAML
}

# cluster_start ROOT: etcd and the API server, with the files of the cluster in ROOT. Sets CLUSTER (ROOT), CLUSTER_PORT, and KUBECONFIG
# to that of an administrator; API_SERVER_PID and ETCD_PID.
cluster_start() {
    CLUSTER=$1
    CLUSTER_BIN=$("$HERMES_ROOT/scripts/build_kubernetes.sh")
    read -r CLUSTER_PORT ETCD_PORT ETCD_PEER_PORT < <(free_ports 3)
    mkdir -p "$CLUSTER"
    openssl ecparam -name prime256v1 -genkey -noout -out "$CLUSTER/ca.key"
    openssl req -x509 -new -key "$CLUSTER/ca.key" -days 30 -subj /CN=test-ca -out "$CLUSTER/ca.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    cluster_certificate apiserver /CN=kube-apiserver serverAuth IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc
    cluster_certificate admin /O=system:masters/CN=admin clientAuth
    openssl genrsa -out "$CLUSTER/accounts.key" 2048 2>/dev/null
    openssl rsa -in "$CLUSTER/accounts.key" -pubout -out "$CLUSTER/accounts.pub" 2>/dev/null
    # What the controllers of Hermes ask is logged, a line for each request.
    cat >"$CLUSTER/audit.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, userGroups: ["system:serviceaccounts:hermes-system"]}, {level: None}]
YAML
    etcd_start
    api_server_start
    export KUBECONFIG=$CLUSTER/admin.kubeconfig
}

etcd_start() {
    local client=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$ETCD_PEER_PORT
    # What a test cluster knows need not outlive a power loss.
    etcd --name test --data-dir "$CLUSTER/etcd" --unsafe-no-fsync --log-level warn --listen-client-urls "$client" \
        --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
        --initial-cluster "test=$peer" >>"$CLUSTER/etcd.log" 2>&1 &
    ETCD_PID=$!
    on_exit stop_process "$ETCD_PID"
}

# api_server_start: also again, after it was ended.
api_server_start() {
    "$CLUSTER_BIN/kube-apiserver" --etcd-servers="http://127.0.0.1:$ETCD_PORT" --bind-address=127.0.0.1 \
        --advertise-address=127.0.0.1 --secure-port="$CLUSTER_PORT" --endpoint-reconciler-type=none \
        --authorization-mode=Node,RBAC --client-ca-file="$CLUSTER/ca.crt" --tls-cert-file="$CLUSTER/apiserver.crt" \
        --tls-private-key-file="$CLUSTER/apiserver.key" --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$CLUSTER/accounts.pub" --service-account-signing-key-file="$CLUSTER/accounts.key" \
        --service-cluster-ip-range=10.96.0.0/24 --service-node-port-range=30000-32767 --allow-privileged=true \
        --enable-admission-plugins=NodeRestriction --kubelet-client-certificate="$CLUSTER/admin.crt" \
        --kubelet-client-key="$CLUSTER/admin.key" --kubelet-certificate-authority="$CLUSTER/ca.crt" \
        --kubelet-preferred-address-types=Hostname --cert-dir="$CLUSTER/apiserver" \
        --audit-policy-file="$CLUSTER/audit.yaml" --audit-log-path="$CLUSTER/audit.log" >>"$CLUSTER/apiserver.log" 2>&1 &
    API_SERVER_PID=$!
    on_exit stop_process "$API_SERVER_PID"
    wait_until 60 api_server_answers || {
        tail -n 5 "$CLUSTER/apiserver.log" >&2
        die "kube-apiserver did not start"
    }
}
# api_server_ask PATH OPTION...: with curl, as the administrator. It starts faster than kubectl.
api_server_ask() {
    curl -fsS --cacert "$CLUSTER/ca.crt" --cert "$CLUSTER/admin.crt" --key "$CLUSTER/admin.key" "${@:2}" \
        "https://127.0.0.1:$CLUSTER_PORT$1"
}
api_server_answers() { [[ $(api_server_ask /readyz) == ok ]]; }

# cluster_control: the scheduler, and the controllers that make service accounts, tokens and Pods of Deployments.
cluster_control() {
    local part
    cluster_certificate manager /CN=system:kube-controller-manager clientAuth
    cluster_certificate scheduler /CN=system:kube-scheduler clientAuth
    "$CLUSTER_BIN/kube-controller-manager" --kubeconfig="$CLUSTER/manager.kubeconfig" --bind-address=127.0.0.1 --port=0 \
        --secure-port=0 --service-account-private-key-file="$CLUSTER/accounts.key" --root-ca-file="$CLUSTER/ca.crt" \
        --use-service-account-credentials=true --leader-elect=false >"$CLUSTER/manager.log" 2>&1 &
    on_exit stop_process "$!"
    "$CLUSTER_BIN/kube-scheduler" --kubeconfig="$CLUSTER/scheduler.kubeconfig" --bind-address=127.0.0.1 --port=0 \
        --secure-port=0 --leader-elect=false >"$CLUSTER/scheduler.log" 2>&1 &
    on_exit stop_process "$!"
    # Pods need it, and the manager makes it a moment after its start.
    wait_until 60 kubectl get serviceaccount default || die "kube-controller-manager made no service account"
}

# account_kubeconfig NAMESPACE ACCOUNT FILE: a kubeconfig with the token of a service account, as a Pod of the account has it.
account_kubeconfig() {
    local secret
    wait_until 30 account_has_token "$1" "$2" || die "the service account $1/$2 has no token"
    secret=$(kubectl -n "$1" get serviceaccount "$2" -o jsonpath='{.secrets[0].name}')
    cat >"$3" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://127.0.0.1:$CLUSTER_PORT", certificate-authority: $CLUSTER/ca.crt}}]
users: [{name: user, user: {token: $(kubectl -n "$1" get secret "$secret" -o jsonpath='{.data.token}' | base64 -d)}}]
contexts: [{name: test, context: {cluster: test, user: user, namespace: $1}}]
current-context: test
YAML
}
account_has_token() { [[ -n $(kubectl -n "$1" get serviceaccount "$2" -o jsonpath='{.secrets[0].name}') ]]; }

# cluster_create: makes the objects whose JSON is read, one a line, several at a time, and fails if one of them is refused.
cluster_create() { python3 "$HERMES_ROOT/scripts/create_objects.py" "$CLUSTER" "$CLUSTER_PORT"; }

# cluster_node PAUSE: a kubelet named "localhost" on the containerd of containerd_start; Pods share the image PAUSE.
cluster_node() {
    local hierarchy health port
    cluster_certificate node /O=system:nodes/CN=system:node:localhost clientAuth
    cluster_certificate kubelet /O=system:nodes/CN=system:node:localhost serverAuth IP:127.0.0.1,DNS:localhost
    read -r port health < <(free_ports 2)
    # The kubelet wants the root of its groups in every hierarchy (version 1), and sets these for the whole machine.
    for hierarchy in $(awk '$3 ~ /^cgroup/ {print $2}' /proc/mounts); do
        mkdir -p "$hierarchy/hermes-test" 2>/dev/null || continue
        on_exit remove_groups "$hierarchy/hermes-test"
        [[ ! -e $hierarchy/cpuset.mems ]] || for file in cpus mems; do
            cat "$hierarchy/cpuset.$file" >"$hierarchy/hermes-test/cpuset.$file" 2>/dev/null || true
        done
    done
    for file in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
        [[ ! -e /proc/sys/$file ]] || on_exit restore_sysctl "$file" "$(cat "/proc/sys/$file")"
    done
    mkdir -p "$CLUSTER/manifests"
    cat >"$CLUSTER/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 127.0.0.1
port: $port
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
healthzPort: $health
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $CLUSTER/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $CLUSTER/kubelet.crt
tlsPrivateKeyFile: $CLUSTER/kubelet.key
cgroupDriver: cgroupfs
cgroupRoot: /hermes-test
enforceNodeAllocatable: []
failSwapOn: false
makeIPTablesUtilChains: false
staticPodPath: $CLUSTER/manifests
volumePluginDir: $CLUSTER/plugins
syncFrequency: 5s
nodeStatusUpdateFrequency: 3s
# A full disk or a busy machine is no reason to drive away the Pods of a test.
evictionHard: {memory.available: 10Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
YAML
    on_exit kubelet_mounts "$CLUSTER/kubelet"
    "$CLUSTER_BIN/kubelet" --config="$CLUSTER/kubelet.yaml" --kubeconfig="$CLUSTER/node.kubeconfig" --hostname-override=localhost \
        --root-dir="$CLUSTER/kubelet" --container-runtime=remote --container-runtime-endpoint="unix://$CONTAINERD_SOCKET" \
        --pod-infra-container-image="$1" >"$CLUSTER/kubelet.log" 2>&1 &
    KUBELET_PID=$!
    on_exit stop_process "$KUBELET_PID"
    wait_until 60 node_is_ready || {
        kubectl describe node localhost >&2 || tail -n 5 "$CLUSTER/kubelet.log" >&2
        die "the node did not become Ready"
    }
}
node_is_ready() { kubectl wait --for=condition=Ready node/localhost --timeout=1s; }
restore_sysctl() { echo "$2" >"/proc/sys/$1"; }
# remove_groups DIR: control groups that are empty, from the innermost on.
remove_groups() { find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; }
# What the kubelet mounted for Pods that are left over.
kubelet_mounts() {
    awk -v root="$1/" 'index($5, root) == 1 || $5 == substr(root, 1, length(root) - 1) {print $5}' /proc/self/mountinfo |
        tac | xargs -r umount -l
}
