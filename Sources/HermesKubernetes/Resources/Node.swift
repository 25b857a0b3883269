/// A node (core/v1), as far as Hermes reads it.
package struct Node: KubernetesObject, Hashable {
    package struct Status: Codable, Sendable, Hashable {
        package var nodeInfo: Info?
        /// Quantities by the name of the resource, such as "cpu" and "memory".
        package var capacity: [String: String]?
        /// Images that the node has, 50 at most unless its kubelet is told otherwise, as of its last report some seconds ago.
        package var images: [Image]?
    }

    /// An image on a node (core/v1 ContainerImage).
    package struct Image: Codable, Sendable, Hashable {
        /// References, by tag and by digest.
        package var names: [String]?

        package init(names: [String]?) { self.names = names }
    }

    /// What the kubelet says of its machine (core/v1 NodeSystemInfo), in Go's words: "linux", "amd64".
    package struct Info: Codable, Sendable, Hashable {
        package var operatingSystem: String?
        package var architecture: String?
        package var kernelVersion: String?
        package var containerRuntimeVersion: String?
        package var kubeletVersion: String?
    }

    package var metadata: ObjectMeta
    package var status: Status?
}

extension ResourcePath {
    package static let nodes = ResourcePath(plural: "nodes")
}
