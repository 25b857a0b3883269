import HermesCore
import HermesSupport

/// What was found out about tokens, for a while: a pure value. It knows tokens by their digests alone.
struct TokenVerdicts: Sendable {
    /// The tokens that are kept of each kind, at most. Refused ones have room of their own, so that nobody who sends many drives the
    /// accepted ones away.
    static let limit = 4096
    /// Milliseconds for which a token stays accepted. One that runs out or is revoked meanwhile opens the door for so long.
    static let acceptance = 60_000
    /// Milliseconds for which a token stays refused: its account may be made, or allowed, at any time.
    static let refusal = 10_000

    private var accepted: [Digest: Monotonic] = [:]
    private var refused: [Digest: Monotonic] = [:]

    /// Whether a token is accepted; nil where that is not known now.
    func verdict(_ token: Digest, now: Monotonic) -> Bool? {
        if let end = accepted[token], now < end { return true }
        if let end = refused[token], now < end { return false }
        return nil
    }

    /// A review has ended.
    mutating func add(_ token: Digest, isAccepted: Bool, now: Monotonic) {
        accepted[token] = nil
        refused[token] = nil
        if isAccepted {
            Self.add(token, until: now.adding(milliseconds: Self.acceptance), to: &accepted, now: now)
        } else {
            Self.add(token, until: now.adding(milliseconds: Self.refusal), to: &refused, now: now)
        }
    }

    private static func add(
        _ token: Digest, until end: Monotonic, to verdicts: inout [Digest: Monotonic], now: Monotonic
    ) {
        if verdicts.count >= limit { verdicts = verdicts.filter { now < $0.value } }
        // Where all are still good, they are asked for again: that costs less than to keep them in order.
        if verdicts.count >= limit { verdicts = [:] }
        verdicts[token] = end
    }
}
