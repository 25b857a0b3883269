/// A node (core/v1), as far as Hermes reads it.
package struct Node: KubernetesObject, Hashable {
    package struct Status: Codable, Sendable, Hashable {
        package var nodeInfo: Info?
    }

    /// What the kubelet says of its machine (core/v1 NodeSystemInfo), in Go's words: "linux", "amd64".
    package struct Info: Codable, Sendable, Hashable {
        package var operatingSystem: String?
        package var architecture: String?
    }

    package var metadata: ObjectMeta
    package var status: Status?
}

extension ResourcePath {
    package static let nodes = ResourcePath(plural: "nodes")
}
