/// What every object of the API server has (meta/v1 ObjectMeta), as far as Hermes reads it.
package struct ObjectMeta: Codable, Sendable, Hashable {
    /// The name, unique for the kind in its namespace.
    package var name: String
    /// The namespace; nil for a kind of the whole cluster.
    package var namespace: String?
    /// Names this object and no later one of the same name.
    package var uid: String?
    /// The version that a write can be bound to. Its text means nothing to a client but equality.
    package var resourceVersion: String?
    /// Counts the changes of the spec; 0 for kinds that do not count.
    package var generation: Int64?
    /// When it was made (RFC 3339, UTC, whole seconds).
    package var creationTimestamp: String?
    /// Set once its deletion has begun.
    package var deletionTimestamp: String?
    package var labels: [String: String]?
    package var annotations: [String: String]?

    package init(name: String, namespace: String? = nil, labels: [String: String]? = nil) {
        self.name = name
        self.namespace = namespace
        self.labels = labels
    }
}

/// An object of the API server that can be listed and watched.
package protocol KubernetesObject: Codable, Sendable {
    var metadata: ObjectMeta { get }
}
