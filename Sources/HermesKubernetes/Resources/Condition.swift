/// One aspect of an object's state (meta/v1 Condition).
package struct Condition: Codable, Sendable, Hashable {
    package enum Status: String, Codable, Sendable {
        case isTrue = "True"
        case isFalse = "False"
        case unknown = "Unknown"
    }

    package var type: String
    package var status: Status
    /// The generation of the spec that the condition is about.
    package var observedGeneration: Int64?
    /// When `status` last changed (RFC 3339, whole seconds).
    package var lastTransitionTime: String
    /// A word in CamelCase for programs.
    package var reason: String
    /// A sentence for people.
    package var message: String

    package init(
        type: String, status: Status, observedGeneration: Int64?, lastTransitionTime: String, reason: String,
        message: String
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message
    }
}
