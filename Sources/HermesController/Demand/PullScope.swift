import HermesKubernetes

/// Whose credentials may read an image: those of Pods of one namespace with the same pull secrets and service account. Two
/// namespaces never share one, even where their names within are the same.
package struct PullScope: Hashable, Comparable, Sendable {
    package let namespace: String
    package let serviceAccount: String
    /// The names of the Pod's own pull secrets, sorted, each once.
    package let pullSecrets: [String]

    package init(namespace: String, serviceAccount: String, pullSecrets: [String]) {
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.pullSecrets = Set(pullSecrets).sorted()
    }

    /// The scope of a Pod. The API server fills in the service account, "default" unless said otherwise.
    package init(_ pod: Pod) {
        let secrets = (pod.spec.imagePullSecrets ?? []).compactMap { $0.name }.filter { !$0.isEmpty }
        let account = pod.spec.serviceAccountName ?? ""
        self.init(
            namespace: pod.metadata.namespace ?? "default", serviceAccount: account.isEmpty ? "default" : account,
            pullSecrets: secrets)
    }

    package static func < (left: PullScope, right: PullScope) -> Bool {
        if (left.namespace, left.serviceAccount) != (right.namespace, right.serviceAccount) {
            return (left.namespace, left.serviceAccount) < (right.namespace, right.serviceAccount)
        }
        return left.pullSecrets.lexicographicallyPrecedes(right.pullSecrets)
    }
}
