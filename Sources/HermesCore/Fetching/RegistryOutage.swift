import HermesSupport

/// Tells an outage of a registry from single failures, so that the log has one line when it begins and one when it ends:
/// a pure state machine.
struct RegistryOutage {
    /// An event that deserves a line in the log.
    enum Event: Equatable {
        case began
        /// The outage is over after so many milliseconds and failed requests.
        case ended(milliseconds: Int, failures: Int)
    }

    /// Failed requests in a row that make an outage.
    static let threshold = 3

    private var failures = 0
    private var start: Monotonic?

    /// Whether it is on.
    var isOn: Bool { failures >= Self.threshold }

    /// A request has failed because the registry is not as it should be.
    mutating func failed(now: Monotonic) -> Event? {
        failures += 1
        start = start ?? now
        return failures == Self.threshold ? .began : nil
    }

    /// A request has succeeded.
    mutating func succeeded(now: Monotonic) -> Event? {
        defer {
            failures = 0
            start = nil
        }
        guard isOn, let start else { return nil }
        return .ended(milliseconds: Int(now.milliseconds(since: start)), failures: failures)
    }
}
