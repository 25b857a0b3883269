import HermesSupport

/// An action that the event loop runs at a point of time. Event-loop thread only.
package final class HTTPTimer {
    package let due: Monotonic
    fileprivate let action: () -> Void

    fileprivate init(_ due: Monotonic, _ action: @escaping () -> Void) {
        self.due = due
        self.action = action
    }
}

/// The timers of an event loop, soonest first. There is one per fetch under way: a sorted array is enough.
struct HTTPTimers {
    private var timers: ArraySlice<HTTPTimer> = []

    /// When the next is due.
    var next: Monotonic? { timers.first?.due }

    mutating func add(at due: Monotonic, _ action: @escaping () -> Void) -> HTTPTimer {
        let timer = HTTPTimer(due, action)
        timers.insert(timer, at: timers.firstIndex { due < $0.due } ?? timers.endIndex)
        return timer
    }

    mutating func remove(_ timer: HTTPTimer) { timers.removeAll { $0 === timer } }

    /// Takes out the next action that is due.
    mutating func takeDue(_ now: Monotonic) -> (() -> Void)? {
        guard let timer = timers.first, timer.due <= now else { return nil }
        timers.removeFirst()
        return timer.action
    }
}
