import DequeModule
import HermesSupport

/// One request's way through the hosts: which host to ask next, and whose failure counts in the end. Pure.
///
/// The hosts that are in order come first. Hosts that failed lately are the last resort, and only while no host that
/// counts more has answered with a lasting failure: the last of the configuration is the registry itself.
struct HostRound: Sendable {
    private var good: Deque<Int>
    private var doubtful: Deque<Int>
    /// The hosts that want to be left alone, and until when; they are not asked.
    let resting: [Int: Monotonic]
    private let paces: [Int: HostPace]
    private var verdict: (host: Int, error: HermesError, isTemporary: Bool)?

    init(good: [Int], doubtful: [Int], resting: [Int: Monotonic] = [:], paces: [Int: HostPace] = [:]) {
        self.good = Deque(good)
        self.doubtful = Deque(doubtful)
        self.resting = resting
        self.paces = paces
    }

    /// Whether another host in good order is left.
    var hasAnother: Bool { !good.isEmpty }

    /// How fast a host was before the round.
    func pace(_ host: Int) -> HostPace { paces[host] ?? HostPace() }

    /// The host to ask next; nil when no host is left to ask.
    mutating func next() -> Int? {
        if let host = good.popFirst() { return host }
        while let host = doubtful.popFirst() {
            guard let verdict, !verdict.isTemporary, verdict.host > host else { return host }
        }
        return nil
    }

    /// Takes note of a failure.
    mutating func failed(_ host: Int, _ error: HermesError) {
        guard verdict.map({ $0.host < host }) ?? true else { return }
        verdict = (host, error, error.code == .unavailable)
    }

    /// The failure that counts; nil when no host was asked.
    var error: HermesError? { verdict?.error }
}
