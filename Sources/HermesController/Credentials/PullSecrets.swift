import HermesCore
import HermesKubernetes
import HermesSupport
import Logging

/// The credentials that Pods have for registries, read from the cluster each time.
struct PullSecrets: Sendable {
    let client: KubernetesClient
    let log: Logger

    /// The credentials of Pods for an image, in the order in which a kubelet tries them: those of the Pod's own pull secrets, then
    /// those of its service account's; each once. A secret that is missing, that may not be read or that is not valid is passed by
    /// with a line in the log. Throws what the API server's failure throws.
    func credentials(for reference: Reference, _ scopes: [PullScope]) async throws -> [PullCredentials] {
        let image = CredentialScope(registry: reference.registry, repository: reference.repository)
        var found: [PullCredentials] = []
        for scope in scopes {
            for name in try await names(scope) {
                guard let credentials = try await credentials(name, in: scope.namespace, for: image),
                    !found.contains(where: { $0.credentials == credentials })
                else { continue }
                found.append(PullCredentials(credentials: credentials, scope: scope))
            }
        }
        return found
    }

    /// The names of the secrets, each once.
    private func names(_ scope: PullScope) async throws -> [String] {
        var names = scope.pullSecrets
        let path = ResourcePath.serviceAccounts.object(scope.serviceAccount, in: scope.namespace)
        let account = try await passingRefusals("\(path)") { try await client.get(ServiceAccount.self, path) }
        for secret in account?.imagePullSecrets ?? [] {
            guard let name = secret.name, !name.isEmpty, !names.contains(name) else { continue }
            names.append(name)
        }
        return names
    }

    private func credentials(
        _ name: String, in namespace: String, for image: CredentialScope
    ) async throws -> Credentials? {
        let path = ResourcePath.secrets.object(name, in: namespace)
        return try await passingRefusals("\(path)") {
            let secret = try await client.get(Secret.self, path)
            return try secret.dockerConfig(name: "the secret \(namespace)/\(name)")?.credentials(for: image)
        }
    }

    /// Runs `body`; nil where the object is missing, may not be read or is not valid.
    private func passingRefusals<Value>(_ what: String, _ body: () async throws -> Value?) async throws -> Value? {
        do {
            return try await body()
        } catch let error as HermesError where [.notFound, .denied, .corrupt].contains(error.code) {
            log.warning("credentials of Pods cannot be used", metadata: ["object": "\(what)", "cause": "\(error)"])
            return nil
        }
    }
}
