import HermesSupport

/// How many requests follow the first one.
package struct WarmRequests: Sendable {
    package var count: Int
    /// Milliseconds after which no further one is sent, but a first; nil where all are sent.
    package var milliseconds: Int?

    package init(count: Int, milliseconds: Int? = nil) {
        self.count = count
        self.milliseconds = milliseconds
    }

    /// Enough for a p99 that is not the one slowest of them, and not minutes of a slow service.
    package static let usual = WarmRequests(count: 1000, milliseconds: 10_000)

    /// Whether another is sent when `sent` were, of which the first began at `begin`.
    func goesOn(after sent: Int, since begin: Monotonic, at now: Monotonic) -> Bool {
        guard sent < count else { return false }
        guard sent > 0, let milliseconds else { return true }
        return now < begin.adding(milliseconds: milliseconds)
    }
}
