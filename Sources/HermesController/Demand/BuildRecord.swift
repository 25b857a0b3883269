import HermesCore
import HermesSupport

/// What `BuildQueue` knows of one target.
struct BuildRecord: Sendable {
    private enum Phase {
        case waiting(since: Monotonic)
        case running(isStopped: Bool)
        case ready(since: Monotonic)
        case failed(Failure)
    }

    private struct Failure {
        let isLasting: Bool
        let message: String
        let since: Monotonic
        /// When the pause is over.
        let end: Monotonic
        /// Whether something has changed that may mend a lasting failure.
        var hasNews = false

        /// When the build is tried again.
        var due: Monotonic {
            hasNews ? min(end, since.adding(milliseconds: BuildQueue.leastPause)) : end
        }
    }

    /// What a build was tried with since the last pause that ran out.
    private struct Grounds {
        var policies: Set<PolicyVersion> = []
        var scopes: Set<PullScope> = []
        var digests: Set<Digest> = []

        mutating func add(_ wish: WantedImage) {
            policies.formUnion(wish.policies)
            scopes.formUnion(wish.scopes)
            digests.formUnion(wish.digests)
        }

        func contain(_ wish: WantedImage) -> Bool {
            wish.policies.allSatisfy(policies.contains) && wish.scopes.allSatisfy(scopes.contains)
                && wish.digests.allSatisfy(digests.contains)
        }
    }

    /// Who wants the target; nil when nobody does.
    private(set) var wish: WantedImage?
    private var phase: Phase
    private var failures = 0
    private var tried = Grounds()
    /// The arrival that the last build has seen.
    private var arrival = 0
    /// Whether there is an index, of what the reference meant then.
    private var isServed = false

    init(_ now: Monotonic) { phase = .waiting(since: now) }

    var isRunning: Bool { if case .running = phase { true } else { false } }

    /// When the next build is to begin; nil when it runs, when it is not wanted to, or when there is nothing more to do.
    ///
    /// For a target that nobody wants it says when the pause after a failure ends.
    var due: Monotonic? {
        if wish?.isPaused == true { return nil }
        switch phase {
        case .running: return nil
        case .waiting(let since): return since
        case .failed(let failure): return failure.due
        case .ready(let since):
            guard let wish, !wish.isPinned else { return nil }
            return since.adding(milliseconds: wish.arrival == arrival ? BuildQueue.tagAge : BuildQueue.leastPause)
        }
    }

    var state: BuildQueue.State {
        if isServed { return .ready }
        switch phase {
        case .waiting: return .waiting
        case .running: return .building
        case .ready: return .ready
        case .failed(let failure): return .failed(failure.message)
        }
    }

    /// Whether nothing is lost by forgetting it: nobody wants it, and there is no pause after a failure to keep.
    func isWorthless(_ now: Monotonic) -> Bool {
        guard wish == nil else { return false }
        switch phase {
        case .running: return false
        case .waiting, .ready: return true
        case .failed(let failure): return failure.end <= now
        }
    }

    /// Somebody wants it, in this way.
    mutating func wanted(_ wish: WantedImage, _ now: Monotonic) {
        self.wish = wish
        lookForNews(wish)
    }

    /// Nobody wants it.
    mutating func unwanted() { wish = nil }

    /// Whether the build is to be told to stop, which it then has been.
    mutating func takeStop() -> Bool {
        guard case .running(isStopped: false) = phase, wish?.isPaused ?? true else { return false }
        phase = .running(isStopped: true)
        return true
    }

    mutating func begin(_ now: Monotonic) {
        guard let wish else { return }
        if case .failed(let failure) = phase, failure.end <= now { tried = Grounds() }
        tried.add(wish)
        arrival = wish.arrival
        phase = .running(isStopped: false)
    }

    mutating func end(_ outcome: BuildQueue.Outcome, random: Double, _ now: Monotonic) {
        guard case .running(let isStopped) = phase else { return }
        switch outcome {
        case .ready:
            failures = 0
            tried = Grounds()
            isServed = true
            phase = .ready(since: now)
        case .stopped:
            // A build that stops by itself must not come back at once, again and again.
            phase = .waiting(since: isStopped ? now : now.adding(milliseconds: BuildQueue.leastPause))
        case .failed(let isLasting, let message):
            let pause = isLasting ? BuildQueue.lastingPause : Self.pause(afterFailures: failures)
            failures += 1
            let chance = Int(Double(pause / 4) * min(max(random, 0), 1))
            phase = .failed(
                Failure(
                    isLasting: isLasting, message: message, since: now, end: now.adding(milliseconds: pause + chance)))
            if let wish { lookForNews(wish) }
        }
    }

    private mutating func lookForNews(_ wish: WantedImage) {
        guard case .failed(var failure) = phase, failure.isLasting, !failure.hasNews, !tried.contain(wish) else {
            return
        }
        failure.hasNews = true
        phase = .failed(failure)
    }

    /// Milliseconds, before the part that is left to chance.
    private static func pause(afterFailures failures: Int) -> Int {
        min(BuildQueue.firstPause << min(failures, 16), BuildQueue.longestPause)
    }
}
