import HermesSupport

/// Decides what a watch of a kind does next: a pure state machine, which `ResourceWatch` drives.
///
/// First all objects are listed, then changes are watched from the version of the list on. A watch that ends, in order
/// or not, goes on from the last version that it brought. All is listed again when the server does not keep that
/// version any more (410), or refuses the watch as such. After a failure there is a pause (`WatchBackoff`); a watch
/// that brought a line, or stood for `goodMilliseconds`, was none.
struct WatchMachine: Sendable {
    enum Step: Equatable, Sendable {
        /// Do nothing for so many milliseconds, then ask again.
        case wait(milliseconds: Int)
        /// List all objects.
        case list
        /// Open a watch from a version on, and ask the server to end it after so many seconds.
        case open(version: String, seconds: Int)
        /// Read a line of the open watch.
        case read
    }

    enum Failure: Equatable, Sendable {
        /// The version is not kept any more.
        case gone
        /// The server refused the call by a code, and wants to be left alone for so many milliseconds, if that is
        /// known.
        case refused(code: Int, retryAfter: Int?)
        /// There was no answer, or it broke off.
        case broken
        /// An answer cannot be understood.
        case invalid
    }

    /// A watch that stood for so long was no failure, so that one which is cut every second goes on at once.
    static let goodMilliseconds = 500.0
    /// The seconds after which the server ends a watch, chosen anew for each, so that not all watches of a server end
    /// at once.
    static let lifetime = 300...600

    /// The last version that a list or a watch brought; nil before the first list, and when all must be listed again.
    private(set) var version: String?
    private(set) var backoff = WatchBackoff()
    /// When the watch that is open was opened.
    private var opened: Monotonic?
    /// Whether the open watch brought a line.
    private var isProven = false
    private var resting: Monotonic?

    /// What to do at `now`. `random` is from 0 to 1.
    func next(now: Monotonic, random: Double) -> Step {
        if opened != nil { return .read }
        if let resting, now < resting {
            return .wait(milliseconds: Int(resting.milliseconds(since: now).rounded(.up)))
        }
        guard let version else { return .list }
        let span = Double(Self.lifetime.upperBound - Self.lifetime.lowerBound)
        let seconds = Self.lifetime.lowerBound + Int(span * min(max(random, 0), 1))
        return .open(version: version, seconds: seconds)
    }

    /// The list came to its end.
    mutating func listed(version: String) { self.version = version }

    /// The server agreed to the watch.
    mutating func opened(now: Monotonic) {
        opened = now
        isProven = false
    }

    /// The watch brought a line, whose version is `version` where it has one.
    mutating func received(version: String?) {
        if let version, !version.isEmpty { self.version = version }
        isProven = true
        backoff.succeeded()
    }

    /// The watch came to its end, as all do.
    mutating func ended(now: Monotonic, random: Double) {
        let wasGood = wasGood(now)
        opened = nil
        if !wasGood { rest(now, random, atLeast: 0) }
    }

    /// The list, the opening of a watch or a watch failed.
    mutating func failed(_ failure: Failure, now: Monotonic, random: Double) {
        let wasGood = wasGood(now)
        opened = nil
        switch failure {
        case .gone:
            version = nil
            // The first time is ordinary after an outage; a server that says so each time is left alone.
            let isFirst = backoff.failures == 0
            rest(now, random, atLeast: 0)
            if isFirst { resting = nil }
        case .refused(let code, let retryAfter):
            // 408 and 429 are about the moment, as are the server's own failures; any other is about the watch.
            if (400..<500).contains(code), code != 408, code != 429 { version = nil }
            rest(now, random, atLeast: retryAfter ?? 0)
        case .broken:
            if !wasGood { rest(now, random, atLeast: 0) }
        case .invalid:
            // The object may be another one by the time of a list; a watch from here would bring the same line.
            version = nil
            rest(now, random, atLeast: 0)
        }
    }

    /// Whether the open watch was a success; false when none is open.
    private mutating func wasGood(_ now: Monotonic) -> Bool {
        guard let opened else { return false }
        guard isProven || now.milliseconds(since: opened) >= Self.goodMilliseconds else { return false }
        backoff.succeeded()
        return true
    }

    private mutating func rest(_ now: Monotonic, _ random: Double, atLeast least: Int) {
        resting = now.adding(milliseconds: max(backoff.failed(random: random), least))
    }
}
