import HermesSupport

/// An action that the event loop runs at a point of time. Event-loop thread only.
package final class HTTPTimer {
    package let due: Monotonic
    /// Nil once the action was taken or cancelled, so that the objects that the action holds are released.
    private var action: (() -> Void)?

    init(_ due: Monotonic, _ action: @escaping () -> Void) {
        self.due = due
        self.action = action
    }

    /// Whether the action is still to be run.
    var isPending: Bool { action != nil }

    /// Takes the action out; nil when it is not there any more.
    func take() -> (() -> Void)? {
        defer { action = nil }
        return action
    }
}
