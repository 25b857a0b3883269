/// Names one object to people and programs (core/v1 ObjectReference).
package struct ObjectReference: Codable, Sendable, Hashable {
    /// The group and the version, such as "hermes.example/v1"; only the version for the core.
    package var apiVersion: String
    package var kind: String
    package var name: String
    /// Nil for kinds of the whole cluster.
    package var namespace: String?
    package var uid: String?
    package var resourceVersion: String?

    package init(apiVersion: String, kind: String, _ metadata: ObjectMeta) {
        self.apiVersion = apiVersion
        self.kind = kind
        name = metadata.name
        namespace = metadata.namespace
        uid = metadata.uid
        resourceVersion = metadata.resourceVersion
    }
}
