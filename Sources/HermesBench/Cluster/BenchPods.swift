import HermesKubernetes
import HermesSupport

/// The Pods of benches in a namespace, which have a label.
struct BenchPods: Sendable {
    /// Its value names the bench.
    static let label = "hermes.cloudpilot.ai/bench"
    /// Milliseconds between two looks whether a Pod is gone.
    private static let pause = 100
    /// Milliseconds that a Pod has to end.
    private static let patience = 600_000

    let client: KubernetesClient
    let namespace: String

    var path: ResourcePath {
        var path = ResourcePath.pods
        path.namespace = namespace
        return path
    }

    /// Begins to delete the Pods that a label selector names, and returns their names.
    @discardableResult
    func delete(_ selector: String) async throws -> [String] {
        let pods = try await client.list(Pod.self, path, KubernetesSelection(labels: selector)).items
        for pod in pods { try await delete(name: pod.metadata.name) }
        return pods.map(\.metadata.name)
    }

    /// Deletes the Pod and waits for its end, also while the API server does not answer. Throws `unavailable` when that
    /// takes more than ten minutes.
    func remove(_ name: String) async throws {
        let deadline = Monotonic.now().adding(milliseconds: Self.patience)
        var isAsked = false
        while true {
            do {
                if !isAsked { try await delete(name: name) }
                isAsked = true
                guard try await exists(name) else { return }
            } catch let error as HermesError where error.code == .unavailable {
                // It is asked again.
            }
            guard Monotonic.now() < deadline else {
                throw HermesError(
                    .unavailable, "the Pod \(name) in \(namespace) did not end in \(Self.patience / 1000) s")
            }
            try await Task.sleep(for: .milliseconds(Self.pause))
        }
    }

    private func delete(name: String) async throws {
        do {
            try await client.delete(path.object(name))
        } catch let error as HermesError where error.kubernetesStatus?.isNotFound == true {
            // It is gone already.
        }
    }

    private func exists(_ name: String) async throws -> Bool {
        do {
            _ = try await client.get(Pod.self, path.object(name))
            return true
        } catch let error as HermesError where error.kubernetesStatus?.isNotFound == true {
            return false
        }
    }
}
