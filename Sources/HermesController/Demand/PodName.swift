import HermesKubernetes

/// The name of a Pod in the cluster.
package struct PodName: Hashable, Comparable, Sendable {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package init(_ pod: Pod) {
        self.init(namespace: pod.metadata.namespace ?? "default", name: pod.metadata.name)
    }

    package static func < (left: PodName, right: PodName) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}
