/// What `hermes daemon --check` says of one part of a machine.
package struct NodeFinding: Sendable, Equatable, Encodable {
    package enum Level: String, Sendable, Encodable {
        case ok
        /// It works, and the operator may want it otherwise.
        case note
        /// The daemon does not start, or mounts no image lazily.
        case fail = "FAIL"
    }

    package let level: Level
    /// The part of the machine.
    package let subject: String
    /// What is right or wrong with it. It may hold text of the machine's files.
    package let text: String
    /// The line, or the command, that mends it; nil where nothing is to be done.
    package let remedy: String?

    static func ok(_ subject: String, _ text: String) -> Self {
        Self(level: .ok, subject: subject, text: text, remedy: nil)
    }

    static func note(_ subject: String, _ text: String, _ remedy: String? = nil) -> Self {
        Self(level: .note, subject: subject, text: text, remedy: remedy)
    }

    static func fail(_ subject: String, _ text: String, _ remedy: String? = nil) -> Self {
        Self(level: .fail, subject: subject, text: text, remedy: remedy)
    }
}
