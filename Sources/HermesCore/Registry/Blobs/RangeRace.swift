import HermesSupport

/// Which hosts one range is asked of, and when: a pure state machine without I/O. Numbers name its legs, which are
/// requests for the rest of the range.
///
/// In the background there is one leg at a time, and only a failure leads to the next host. While a process waits:
/// ```
///   nothing comes for the hedge delay  -> the next host in good order is asked too; the first to deliver goes on alone
///   hardly anything comes for the patience -> the leg is given up; the next host is asked, and when all were, they all
///                                         are again, on new connections and with twice the patience
///   the deadline comes                 -> it is over
/// ```
/// Two legs never both deliver, so the bytes that a leg is asked for stay right until one of the legs has won.
struct RangeRace: Sendable {
    /// An action of the driver, which performs the actions in their order.
    enum Action: Equatable {
        /// Ask a host for the rest of the range.
        case ask(leg: Int, host: Int)
        /// End a leg that another one has won against.
        case drop(leg: Int, host: Int)
        /// End a leg from which nothing came, and report it as failed.
        case giveUp(leg: Int, host: Int, after: Int)
        /// Call `renewed` with a new round through the hosts.
        case renew
        /// The fetch has failed: with `error`, or because there is no host at all.
        case fail
        /// The fetch has failed, as its deadline has come.
        case expire
    }

    /// The bytes that count as progress: for a process that waits, a connection that brings them one by one is as bad
    /// as a dead one.
    static let progress = 64 << 10

    private struct Leg {
        let number: Int
        let host: Int
        /// When something came last; before the first byte, when it was asked.
        var heard: Monotonic
        /// When it last came on by `progress` bytes, and the bytes since then.
        var advanced: Monotonic
        var fresh = 0
        var hasDelivered = false
    }

    private var round: HostRound
    private var legs: [Leg] = []
    private var asked = 0
    private var renewals = 0
    private(set) var deadline: Monotonic?
    private let isRetry: Bool

    init(_ round: HostRound, terms: FetchTerms) {
        self.round = round
        deadline = terms.deadline
        isRetry = terms.isRetry
    }

    /// Whether connections that exist are not to be trusted.
    var isOnNewConnection: Bool { isRetry || renewals > 0 }

    /// The failure that counts; nil when no host was asked.
    var error: HermesError? { round.error }

    /// Asks the first host.
    mutating func begin(now: Monotonic) -> [Action] { [askNext(now) ?? .fail] }

    /// A process waits from now on.
    mutating func urge(until deadline: Monotonic, now: Monotonic) {
        if self.deadline == nil {
            for index in legs.indices {
                legs[index].heard = now
                legs[index].advanced = now
            }
        }
        self.deadline = max(self.deadline ?? deadline, deadline)
    }

    /// Something came that is not of the range.
    mutating func heard(_ leg: Int, now: Monotonic) {
        guard let index = legs.firstIndex(where: { $0.number == leg }) else { return }
        legs[index].heard = now
        legs[index].advanced = now
    }

    /// `count` bytes of the range came: the leg has won.
    mutating func delivered(_ leg: Int, _ count: Int, now: Monotonic) -> [Action] {
        guard let index = legs.firstIndex(where: { $0.number == leg }) else { return [] }
        legs[index].heard = now
        legs[index].fresh += count
        if !legs[index].hasDelivered || legs[index].fresh >= Self.progress {
            legs[index].advanced = now
            legs[index].fresh = 0
        }
        legs[index].hasDelivered = true
        guard legs.count > 1 else { return [] }
        let losers = legs.filter { $0.number != leg }
        legs.removeAll { $0.number != leg }
        return losers.map { .drop(leg: $0.number, host: $0.host) }
    }

    /// A leg has failed.
    mutating func failed(_ leg: Int, _ error: HermesError, isStalled: Bool = false, now: Monotonic) -> [Action] {
        guard let index = legs.firstIndex(where: { $0.number == leg }) else { return [] }
        let host = legs.remove(at: index).host
        round.failed(host, error)
        guard legs.isEmpty else { return [] }
        if let action = askNext(now) { return [action] }
        return [isStalled && deadline != nil ? .renew : .fail]
    }

    /// Goes on with a new round, on new connections.
    mutating func renewed(_ round: HostRound, now: Monotonic) -> [Action] {
        self.round = round
        renewals += 1
        return [askNext(now) ?? .fail]
    }

    private mutating func askNext(_ now: Monotonic) -> Action? {
        guard let host = round.next() else { return nil }
        defer { asked += 1 }
        legs.append(Leg(number: asked, host: host, heard: now, advanced: now))
        return .ask(leg: asked, host: host)
    }

    /// The actions that are due by now. To be called again until it returns nothing.
    mutating func due(now: Monotonic) -> [Action] {
        guard let deadline else { return [] }
        guard now < deadline else { return [.expire] }
        if let leg = legs.first(where: { stall($0) <= now }) {
            return [.giveUp(leg: leg.number, host: leg.host, after: patience(leg))]
        }
        if let hedge, hedge <= now, let action = askNext(now) { return [action] }
        return []
    }

    /// When `due` is worth calling without any other event.
    var nextWake: Monotonic? {
        guard let deadline else { return nil }
        return (legs.map(stall) + [hedge, deadline].compactMap(\.self)).min()
    }

    private func patience(_ leg: Leg) -> Int { round.pace(leg.host).patience(before: renewals) }

    private func stall(_ leg: Leg) -> Monotonic { leg.advanced.adding(milliseconds: patience(leg)) }

    /// When another host is asked as well.
    private var hedge: Monotonic? {
        guard legs.count == 1, let leg = legs.first, round.hasAnother else { return nil }
        let pace = round.pace(leg.host)
        return leg.heard.adding(milliseconds: leg.hasDelivered ? pace.gapDelay : pace.hedgeDelay)
    }
}
