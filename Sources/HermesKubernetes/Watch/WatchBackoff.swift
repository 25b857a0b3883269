/// How long to wait before something that failed is tried again: from half a second on, twice as long each time, up to
/// 30 seconds, of which up to a half is left to chance so that clients do not come back all at once. A value.
struct WatchBackoff: Sendable, Equatable {
    /// How often it failed since the last success.
    private(set) var failures = 0

    /// Counts a failure and returns the milliseconds to wait. `random` is from 0 to 1.
    mutating func failed(random: Double) -> Int {
        failures = min(failures + 1, 100)
        let longest = min(30_000, 500 << min(failures, 10))
        return longest / 2 + Int(Double(longest / 2) * min(max(random, 0), 1))
    }

    mutating func succeeded() { failures = 0 }
}
