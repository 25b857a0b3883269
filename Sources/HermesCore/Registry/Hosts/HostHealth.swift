import HermesSupport

/// Which of a registry's hosts to ask, and in which order: the memory of failures, without any I/O.
///
/// Hosts are numbers in the order of their configuration. A host that fails is out of the way for a while, twice as
/// long after each further failure; then a single request tries it again. So a dead mirror costs one time-out, and not
/// one per read. A host that asks to be left alone is left alone, and a host that others keep outrunning goes behind
/// them.
struct HostHealth: Sendable {
    /// The fault of a host.
    enum Fault: Sendable {
        /// The host cannot be reached, or does not serve anything as it should.
        case isDown
        /// The host serves, but not this: it does not have the blob or manifest, or does not give it.
        case lacksIt

        /// The fault that a failed request shows in a host; nil when the error shows none.
        init?(_ error: HermesError) {
            switch error.code {
            case .unavailable, .protocolViolation: self = .isDown
            case .notFound, .denied, .corrupt: self = .lacksIt
            default: return nil
            }
        }
    }

    private struct Outage {
        var until: Monotonic
        var failures: Int
        /// Whether a request is under way that finds out whether it is over.
        var isProbed = false
    }

    /// Milliseconds that a host is left alone after its first failure, and at most.
    let firstPause: Int
    let longestPause: Int
    /// Milliseconds in which a host is not asked again for a thing that it lacks.
    let lackPause: Int
    /// Milliseconds that the one request has that tries a host again.
    static let probeTime = 30_000
    /// The most things that are remembered as lacking.
    private static let lackLimit = 4096

    private struct Lack: Hashable {
        let host: Int
        let thing: String
    }

    private var outages: [Int: Outage] = [:]
    private var lacks: [Lack: Monotonic] = [:]
    private var rests: [Int: Monotonic] = [:]
    private var paces: [Int: HostPace] = [:]

    /// A memory in which all hosts are in order.
    init(firstPause: Int = 10_000, longestPause: Int = 300_000, lackPause: Int = 60_000) {
        self.lackPause = lackPause
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// The order in which `eligible` are asked for `thing`. A host whose pause is over is handed out to one caller alone.
    ///
    /// One that asked to be left alone (Retry-After) is left out, unless all did and the caller's `deadline` would pass
    /// meanwhile.
    mutating func round(_ eligible: [Int], thing: String?, now: Monotonic, deadline: Monotonic? = nil) -> HostRound {
        var good: [Int] = []
        var behind: [Int] = []
        var doubtful: [Int] = []
        var resting: [Int: Monotonic] = [:]
        let isAnyAwake = !eligible.allSatisfy { rests[$0].map { now < $0 } ?? false }
        for host in eligible {
            if let until = rests[host], now < until, isAnyAwake || deadline.map({ until < $0 }) ?? true {
                resting[host] = until
            } else if eligible.count == 1 {
                good.append(host)
            } else if let outage = outages[host] {
                if outage.until <= now {
                    outages[host]?.until = now.adding(milliseconds: Self.probeTime)
                    outages[host]?.isProbed = true
                    good.append(host)
                } else {
                    doubtful.append(host)
                }
            } else if let thing, let until = lacks[Lack(host: host, thing: thing)], now < until {
                doubtful.append(host)
            } else if paces[host]?.isBehind(now: now) == true {
                behind.append(host)
            } else {
                good.append(host)
            }
        }
        return HostRound(good: good + behind, doubtful: doubtful, resting: resting, paces: paces)
    }

    /// Takes note that a host answered a request with success.
    mutating func succeeded(_ host: Int) {
        outages[host] = nil
        rests[host] = nil
    }

    /// Takes note of a host that asks to be left alone.
    mutating func rest(_ host: Int, until: Monotonic) { rests[host] = max(rests[host] ?? until, until) }

    /// Takes note of how long a host took to its first byte, in milliseconds.
    mutating func answered(_ host: Int, after time: Int) { paces[host, default: HostPace()].answered(after: time) }

    /// Takes note of a host that another one, asked later, outran.
    mutating func lost(_ host: Int, now: Monotonic) { paces[host, default: HostPace()].lost(now: now) }

    /// Takes note of a failure.
    mutating func failed(_ host: Int, _ fault: Fault, thing: String?, now: Monotonic) {
        switch fault {
        case .isDown:
            let old = outages[host]
            // Requests that were under way together fail together: that is one failure.
            if let old, now < old.until, !old.isProbed { return }
            let failures = min((old?.failures ?? 0) + 1, 16)
            let pause = min(firstPause << (failures - 1), longestPause)
            outages[host] = Outage(until: now.adding(milliseconds: pause), failures: failures)
        case .lacksIt:
            outages[host] = nil
            guard let thing else { return }
            if lacks.count >= Self.lackLimit { lacks = lacks.filter { now < $0.value } }
            if lacks.count >= Self.lackLimit { lacks = [:] }
            lacks[Lack(host: host, thing: thing)] = now.adding(milliseconds: lackPause)
        }
    }
}
