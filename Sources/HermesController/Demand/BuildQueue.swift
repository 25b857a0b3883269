import HermesCore
import HermesSupport

/// Which builds run now, which wait, and when those that failed are tried again: a pure state machine, without clock, lock or I/O.
///
/// ```
///              next                   ended: ready
///   waiting ----------> running ------------------------> ready
///     ^  ^                | ended: failed                   |
///     |  +--- stopped ----+-------------> failed            | a tag: after 10 minutes, or a Pod appears whose node
///     +---- after a pause, or by news ------+               | asks the registry
///     +-----------------------------------------------------+
/// ```
/// It is level-triggered: `want` replaces all that is wanted, at any time. A target that nobody wants is forgotten, but a running
/// build is told to stop first, and a failure is remembered until its pause is over, so that Pods that come and go do not
/// shorten it.
package struct BuildQueue: Sendable {
    package enum Outcome: Equatable, Sendable {
        /// The index is there.
        case ready
        /// A lasting failure is one that time alone does not mend: no such image, no such platform. `message` is for people.
        case failed(isLasting: Bool, message: String)
        /// The build has ended early, because it was told to or the process ends.
        case stopped
    }

    /// What is known of a target. While an index that was made once is looked for again, it is ready.
    package enum State: Equatable, Sendable {
        case waiting, building, ready
        case failed(String)
    }

    /// Milliseconds after which a tag is resolved again.
    static let tagAge = 600_000
    /// The least milliseconds between two builds of one target, whatever Pods come.
    static let leastPause = 10_000
    /// The pause after the first failure, which doubles with each one up to the longest, before the part that is left to chance, up
    /// to a quarter. With that part the longest pause is 5 minutes, that of a kubelet: whoever mends a pull secret, which
    /// nobody tells the controller of, waits no longer for the index than for the Pod.
    static let firstPause = 10_000
    static let longestPause = 240_000
    /// The pause after a lasting failure: 30 minutes with the part that is left to chance.
    static let lastingPause = 1_440_000
    /// Failures that are remembered of targets that nobody wants.
    static let forgottenLimit = 1000

    /// How many builds may run at one time.
    package let atOnce: Int
    /// How many builds run.
    package private(set) var running = 0
    private var records: [BuildTarget: BuildRecord] = [:]

    /// An empty queue. `atOnce` is 1 or more.
    package init(atOnce: Int) { self.atOnce = max(1, atOnce) }

    /// Replaces all that is wanted, each target once. Returns the running builds that are to be stopped, as nobody wants them any
    /// longer or all their policies are paused; each is returned once.
    package mutating func want(_ images: [WantedImage], now: Monotonic) -> [BuildTarget] {
        let wishes = Dictionary(images.map { ($0.target, $0) }) { first, _ in first }
        for target in Array(records.keys) where wishes[target] == nil { records[target]?.unwanted() }
        for (target, wish) in wishes { records[target, default: BuildRecord(now)].wanted(wish, now) }
        forget(now)
        return records.keys.filter { records[$0]?.takeStop() ?? false }
    }

    /// The next build to begin now, which then runs until `ended`; nil when there is none, or enough run. Images that Pods wait for
    /// come first, then those that are due for the longest time.
    package mutating func next(now: Monotonic) -> WantedImage? {
        guard running < atOnce else { return nil }
        var best: (wish: WantedImage, due: Monotonic)?
        for record in records.values {
            guard let wish = record.wish, let due = record.due, due <= now else { continue }
            if let other = best, !Self.isBefore((wish, due), other) { continue }
            best = (wish, due)
        }
        guard let best else { return nil }
        records[best.wish.target]?.begin(now)
        running += 1
        return best.wish
    }

    /// A build that `next` gave has ended. `random` is from 0 to 1: the part of the pause that is left to chance.
    package mutating func ended(_ target: BuildTarget, _ outcome: Outcome, random: Double, now: Monotonic) {
        guard let record = records[target], record.isRunning else { return }
        running -= 1
        records[target]?.end(outcome, random: random, now)
        if records[target]?.isWorthless(now) == true { records[target] = nil }
    }

    /// When `next` may give a build that it does not give now; nil when an event has to come first.
    package var wakeTime: Monotonic? {
        running < atOnce ? records.values.lazy.compactMap { $0.wish == nil ? nil : $0.due }.min() : nil
    }

    /// What is known of a target; nil when nobody wants it.
    package func state(of target: BuildTarget) -> State? {
        records[target].flatMap { $0.wish == nil ? nil : $0.state }
    }

    private static func isBefore(
        _ one: (wish: WantedImage, due: Monotonic), _ other: (wish: WantedImage, due: Monotonic)
    ) -> Bool {
        if one.wish.isAwaited != other.wish.isAwaited { return one.wish.isAwaited }
        return one.due == other.due ? one.wish.target < other.wish.target : one.due < other.due
    }

    private mutating func forget(_ now: Monotonic) {
        let worthless = records.filter { $0.value.isWorthless(now) }.keys
        for target in worthless { records[target] = nil }
        let remembered = records.filter { $0.value.wish == nil && !$0.value.isRunning }
        guard remembered.count > Self.forgottenLimit else { return }
        // Those whose pause is over first are of the least use.
        let order = remembered.sorted { ($0.value.due ?? now) < ($1.value.due ?? now) }
        for (target, _) in order.prefix(remembered.count - Self.forgottenLimit) { records[target] = nil }
    }
}
