import HermesSupport

/// When a span that failed is asked for again, if at all. Pure; times are in milliseconds.
struct FetchBackoff: Equatable {
    /// Failures that may have been temporary, and those that another try could hardly mend.
    private var setbacks = 0
    private var refusals = 0

    /// Failures after which a span is given up: lasting ones, and, where no reader waits, temporary ones. A span of
    /// read-ahead is of no use later; a span of fill is, so fill outlasts any outage.
    private static let refusalLimit = 4
    private static let setbackLimit = 8
    /// The time before a reader's deadline at which its span is asked for though the source wants to be left alone.
    static let lastChance = 5000
    /// The longest pause that a source is granted.
    static let longestPause: Int64 = 60_000

    /// Whether anything failed.
    var hasFailed: Bool { setbacks + refusals > 0 }

    /// The time of the next try after one more failure; nil to give up. `deadline` is the latest of the readers that
    /// wait, nil when no reader waits; `random` is from 0 to 1.
    ///
    /// The pause is 50 ms, doubled for each failure up to 3.2 s, or to 12.8 s for fill. Up to a half of it is left to
    /// chance, so that a thousand nodes do not come back at the same moment. The source may ask for a longer pause, up
    /// to a minute, but a reader keeps a last chance.
    mutating func failed(
        _ failure: FetchQueue.Failure, isFill: Bool = false, deadline: Monotonic?, random: Double, now: Monotonic
    ) -> Monotonic? {
        if failure.isLasting { refusals += 1 } else { setbacks += 1 }
        guard refusals < Self.refusalLimit, deadline != nil || isFill || setbacks < Self.setbackLimit else {
            return nil
        }
        let random = min(max(random, 0), 1)
        let longest = 50 << min(setbacks + refusals - 1, isFill && deadline == nil ? 8 : 6)
        let backoff = now.adding(milliseconds: longest / 2 + Int(Double(longest / 2) * random))
        guard let asked = failure.retryAfter, asked > 0 else { return backoff }
        let wait = Int(min(asked, Self.longestPause))
        let rested = now.adding(milliseconds: wait + Int(Double(min(wait / 4, 2000)) * random))
        guard let deadline, deadline <= rested else { return max(backoff, rested) }
        return max(backoff, deadline.adding(milliseconds: -Self.lastChance))
    }

    /// The time of the next try, which was set while no reader waited, now that a reader waits until `deadline`.
    static func shortened(_ time: Monotonic, for deadline: Monotonic) -> Monotonic {
        min(time, deadline.adding(milliseconds: -lastChance))
    }
}
