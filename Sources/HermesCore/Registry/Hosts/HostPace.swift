import HermesSupport

/// How fast a host usually answers, and whether it keeps losing to others. Pure; times are in milliseconds.
struct HostPace: Sendable {
    /// The moving average of the time to the first byte; nil before the first answer.
    private(set) var usual: Int?
    private var losses = 0
    private var behindUntil: Monotonic?

    /// Losses in a row after which others go first, and for how long.
    static let lossLimit = 3
    static let behindTime = 60_000

    /// The first byte of an answer has come.
    mutating func answered(after time: Int) {
        usual = usual.map { $0 + (time - $0) / 4 } ?? time
        losses = 0
    }

    /// Another host, asked later, was faster.
    mutating func lost(now: Monotonic) {
        losses += 1
        guard losses >= Self.lossLimit else { return }
        losses = 0
        behindUntil = now.adding(milliseconds: Self.behindTime)
    }

    /// Whether the others in good order go first.
    func isBehind(now: Monotonic) -> Bool { behindUntil.map { now < $0 } ?? false }

    /// How long a reader waits for the first byte before another host is asked as well.
    var hedgeDelay: Int { min(max(3 * (usual ?? 333), 200), 2000) }

    /// How long nothing comes in the middle of an answer before another host is asked as well: a pause there is more
    /// often a full line than a broken one.
    var gapDelay: Int { max(hedgeDelay, 1000) }

    /// How long nothing comes for a reader before a connection is given up, when that happened `before` times.
    func patience(before: Int) -> Int {
        let first = min(max(5000, 4 * (usual ?? 0)), Self.longestPatience)
        return min(first << min(max(before, 0), 4), Self.longestPatience)
    }

    private static let longestPatience = 20_000
}
