/// A ServiceAccount (core/v1), as far as Hermes reads it.
package struct ServiceAccount: KubernetesObject {
    package var metadata: ObjectMeta
    /// The secrets with which a node pulls the images of its Pods, beside the Pods' own.
    package var imagePullSecrets: [Pod.LocalReference]?
}

extension ResourcePath {
    package static let serviceAccounts = ResourcePath(plural: "serviceaccounts")
}
