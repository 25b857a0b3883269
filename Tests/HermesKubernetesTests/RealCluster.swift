import HermesHTTP
import HermesKubernetes
import HermesSupport
import HermesTestKit

/// A namespace of a cluster, and clients of it.
struct RealCluster: Sendable {
    let cluster: TestCluster
    let http: HTTPClient
    let client: KubernetesClient
    let namespace: String

    private struct Namespace: Codable {
        var metadata: ObjectMeta
    }

    /// `isShared` is false for a test that other tests would notice.
    init(isShared: Bool = true) async throws {
        cluster = try await onBlockingThread { try isShared ? TestCluster.shared.get() : TestCluster() }
        http = try HTTPClient()
        client = KubernetesClient(try .kubeconfig(cluster.kubeconfig()), http: http)
        namespace = "test-\(UInt32.random(in: 0...UInt32.max))"
        _ = try await client.create(
            Namespace(metadata: ObjectMeta(name: namespace)), ResourcePath(plural: "namespaces"))
    }

    func path(_ plural: String, _ name: String? = nil) -> ResourcePath {
        ResourcePath(plural: plural, namespace: namespace, name: name)
    }

    /// A client that is another user.
    func client(_ user: TestCluster.User) throws -> KubernetesClient {
        KubernetesClient(try .kubeconfig(cluster.kubeconfig(user)), http: http)
    }

    func createConfigMap(_ name: String, _ data: [String: String]? = nil) async throws -> ConfigMap {
        try await client.create(ConfigMap(metadata: ObjectMeta(name: name), data: data), path("configmaps"))
    }
}

/// A kind that anybody may make, without controllers (core/v1 ConfigMap).
struct ConfigMap: KubernetesObject, Hashable {
    var metadata: ObjectMeta
    var data: [String: String]?
}
