/// All objects of a kind at one moment.
package struct KubernetesList<Object: KubernetesObject>: Sendable {
    package var items: [Object]
    /// The version from which a watch goes on.
    package var resourceVersion: String
}

/// A page of a list (meta/v1 List).
struct KubernetesPage<Object: KubernetesObject>: Decodable {
    struct Metadata: Decodable {
        enum CodingKeys: String, CodingKey {
            case resourceVersion
            case next = "continue"
        }
        var resourceVersion: String?
        /// Asks for the next page; empty or missing on the last.
        var next: String?
    }
    var metadata: Metadata
    /// An empty list may be null.
    var items: [Object]?
}
