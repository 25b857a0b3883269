import Glibc
import HermesSupport

/// A real API server of Kubernetes over a real etcd, on loopback, without controllers and nodes. Both end with the last
/// reference, or with the tests.
///
/// Needs kube-apiserver in HERMES_CACHE/kubernetes/bin, and etcd, etcdctl, openssl and curl (Debian: etcd-server,
/// etcd-client).
package final class TestCluster: Sendable {
    /// Who can be named to `kubeconfig`.
    package enum User: String, Sendable, CaseIterable {
        /// May do everything.
        case admin
        /// May do what a test grants; nothing at first.
        case hermes
    }

    private static var program: String {
        let home = EnvironmentVariable.value("HOME") ?? "/root"
        return "\(EnvironmentVariable.value("HERMES_CACHE") ?? "\(home)/.cache/hermes")/kubernetes/bin/kube-apiserver"
    }

    /// Whether the API server was built on this machine; tests of it are left out otherwise.
    package static var isAvailable: Bool { access(program, X_OK) == 0 }

    /// One that all tests share, each of which takes a namespace of its own.
    package static let shared = Result { try TestCluster() }

    private let folder: TestFolder
    private let process: TestProcess
    private let etcd: Int
    /// The port of the API server, on 127.0.0.1.
    package let port: Int

    package init() throws {
        folder = try TestFolder()
        etcd = try TestPort.free()
        port = try TestPort.free()
        for user in User.allCases {
            _ = try folder.write("\(user).kubeconfig", Array(Self.config(user, port: port).utf8))
        }
        _ = try folder.write("tokens.csv", Array("first-token,hermes,1\nsecond-token,hermes,1\n".utf8))
        let script = try folder.write("up.sh", Array(Self.script.utf8))
        process = try TestProcess([
            "setsid", "bash", script, folder.path, Self.program, "\(etcd)", "\(try TestPort.free())", "\(port)",
        ])
        guard process.line() == "ready" else {
            let log = try? TestProcess.run([
                "tail", "-n", "5", "\(folder.path)/apiserver.log", "\(folder.path)/etcd.log",
            ])
            throw TestProcess.Failed(description: "the API server did not start: \(log ?? "")")
        }
    }

    /// The path of a kubeconfig for a user.
    package func kubeconfig(_ user: User = .admin) -> String { "\(folder.path)/\(user).kubeconfig" }

    /// Lets etcd forget all versions before `version`, which is one of the API server's.
    package func compact(_ version: String) throws {
        try TestProcess.run(
            ["etcdctl", "--endpoints", "http://127.0.0.1:\(etcd)", "compact", version],
            environment: ["ETCDCTL_API": "3"])
    }

    private static func config(_ user: User, port: Int) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:\(port)", certificate-authority: ca.crt}}]
        users: [{name: u, user: {client-certificate: \(user).crt, client-key: \(user).key}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c

        """
    }

    /// FOLDER PROGRAM ETCD PEER PORT: makes certificates and starts both, says "ready", and ends both at the end of its
    /// input. Config maps are not in the server's watch cache, so that etcd answers for them, with a 410 for what it
    /// forgot.
    private static let script = """
        set -eu
        cd "$1"
        key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
        sign() { # NAME SUBJECT EXTENSION...
            local name=$1 subject=$2
            shift 2
            key "$name"
            openssl req -new -key "$name.key" -subj "$subject" -out "$name.csr"
            printf '%s\\n' "$@" >"$name.ext"
            openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$name.ext" \\
                -out "$name.crt"
        }
        {
            key ca
            openssl req -x509 -new -key ca.key -days 30 -subj /CN=test-ca -out ca.crt
            sign server /CN=kube-apiserver extendedKeyUsage=serverAuth subjectAltName=IP:127.0.0.1,DNS:localhost
            sign admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
            sign hermes /CN=hermes extendedKeyUsage=clientAuth
            key accounts
        } >pki.log 2>&1
        etcd --data-dir etcd --unsafe-no-fsync --log-level warn --initial-cluster "default=http://127.0.0.1:$4" \\
            --listen-client-urls "http://127.0.0.1:$3" --advertise-client-urls "http://127.0.0.1:$3" \\
            --listen-peer-urls "http://127.0.0.1:$4" --initial-advertise-peer-urls "http://127.0.0.1:$4" \\
            >etcd.log 2>&1 </dev/null &
        etcd=$!
        "$2" --etcd-servers="http://127.0.0.1:$3" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \\
            --secure-port="$5" --endpoint-reconciler-type=none --authorization-mode=RBAC --client-ca-file=ca.crt \\
            --tls-cert-file=server.crt --tls-private-key-file=server.key --token-auth-file=tokens.csv \\
            --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=accounts.key \\
            --service-account-signing-key-file=accounts.key --service-cluster-ip-range=10.96.0.0/24 \\
            --disable-admission-plugins=ServiceAccount --watch-cache-sizes=configmaps#0 --cert-dir=certificates \\
            >apiserver.log 2>&1 </dev/null &
        server=$!
        trap 'kill -9 "$server" "$etcd"' EXIT
        until [[ $(curl -s --cacert ca.crt --cert admin.crt --key admin.key "https://127.0.0.1:$5/readyz") = ok ]]; do
            kill -0 "$server" "$etcd"
            sleep 0.1
        done
        echo ready
        cat >/dev/null
        """
}
