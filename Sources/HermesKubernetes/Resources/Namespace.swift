/// A namespace (core/v1), as far as Hermes reads it: its name and its labels.
package struct Namespace: KubernetesObject, Hashable {
    package var metadata: ObjectMeta
}

extension ResourcePath {
    package static let namespaces = ResourcePath(plural: "namespaces")
}
