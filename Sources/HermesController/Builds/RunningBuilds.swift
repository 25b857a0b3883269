import HermesSupport
import Synchronization

/// The builds that run, each on a thread of its own, and the word that ends one.
///
/// Safe for use from any thread.
final class RunningBuilds: Sendable {
    /// One build.
    private final class Running: Sendable {
        let isStopped = Atomic(false)
        let deadline: Monotonic

        init(deadline: Monotonic) { self.deadline = deadline }

        /// Throws when the build has to end.
        func check() throws {
            if isStopped.load(ordering: .relaxed) { throw HermesError(.interrupted, "the build was stopped") }
            if Monotonic.now() >= deadline { throw HermesError(.unavailable, "the build has taken too long") }
        }
    }

    /// Milliseconds that one build may take.
    private let timeLimit: Int
    private let state = Monitor<[BuildTarget: Running]>([:])

    init(timeLimit: Int) { self.timeLimit = timeLimit }

    /// Begins a build of a target that is not being built. `work` is given the function that throws when it has to end, and its
    /// result goes to `ended`, both on the build's thread. Throws `system` when the thread cannot start.
    func start<Value: Sendable>(
        _ target: BuildTarget,
        _ work: @escaping @Sendable (_ check: @escaping @Sendable () throws -> Void) throws -> Value,
        ended: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) throws {
        let build = Running(deadline: Monotonic.now().adding(milliseconds: timeLimit))
        state.withLock { $0.value[target] = build }
        do {
            try SystemThread("hermes-build") { [self] in
                let result = Result { try work(build.check) }
                state.withLock { held in
                    held.value[target] = nil
                    held.broadcast()
                }
                ended(result)
            }.detach()
        } catch {
            state.withLock { $0.value[target] = nil }
            throw error
        }
    }

    /// Tells a build to end; nothing happens when there is none.
    func stop(_ target: BuildTarget) {
        state.withLock { $0.value[target]?.isStopped.store(true, ordering: .relaxed) }
    }

    /// Tells all to end, and waits until they have, for at most so many milliseconds.
    func stopAll(milliseconds: Int) {
        let end = Monotonic.now().adding(milliseconds: milliseconds)
        state.withLock { held in
            for build in held.value.values { build.isStopped.store(true, ordering: .relaxed) }
            while !held.value.isEmpty, Monotonic.now() < end {
                held.wait(milliseconds: Int64(max(1, end.milliseconds(since: .now()))))
            }
        }
    }
}
