/// A note about an object, which `kubectl describe` shows (core/v1 Event).
package struct Event: KubernetesObject, Hashable {
    package enum Severity: String, Codable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package struct Source: Codable, Sendable, Hashable {
        package var component: String?
    }

    package var metadata: ObjectMeta
    package var involvedObject: ObjectReference
    /// A word in CamelCase for programs.
    package var reason: String
    /// A sentence for people, of at most 1024 bytes.
    package var message: String
    package var type: Severity
    package var source: Source
    /// RFC 3339, whole seconds.
    package var firstTimestamp: String
    package var lastTimestamp: String
    /// How often it happened from the first to the last time.
    package var count: Int
}
