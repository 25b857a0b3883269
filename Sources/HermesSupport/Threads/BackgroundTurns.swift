import Synchronization

/// When a thread that nobody waits for, a `YieldingThread`, does its pieces of work.
///
/// Such a thread takes no time from others at its processor. But it keeps that processor from having nothing to do, and it is mainly then
/// that Linux takes over a thread which waits at another one (newidle balancing, kernel/sched/fair.c). Two threads of a program that
/// wait for each other in turns could share one processor for seconds. So the thread sleeps while others want all processors
/// (`BackgroundRest`).
///
/// For one thread, that of the work.
package final class BackgroundTurns {
    /// Milliseconds after which it is to be asked again whether the work may go on.
    package static let pause: Int64 = 5

    private static let load = ProcessorLoad()
    /// The threads of this process that are at a piece of work, and are not among those that want a processor.
    private static let working = Atomic(0)

    private var rest = BackgroundRest()
    private var isWorking = false

    /// For a thread that has done nothing yet.
    package init() {}

    deinit { end() }

    /// Whether the next piece may begin. The one before has ended.
    package func mayGoOn() -> Bool { rest.mayGoOn(at: .now(), isWanted: Self.areProcessorsWanted) }

    /// A piece of work begins.
    package func begin() {
        rest.begin(at: .now())
        guard !isWorking else { return }
        isWorking = true
        Self.working.add(1, ordering: .relaxed)
    }

    /// The piece ends, if there is one.
    package func end() {
        guard isWorking else { return }
        isWorking = false
        Self.working.subtract(1, ordering: .relaxed)
        rest.end(at: .now())
    }

    private static var areProcessorsWanted: Bool {
        // The thread that asks runs itself.
        guard let runnable = load.runnable() else { return false }
        return runnable - 1 - working.load(ordering: .relaxed) >= load.processors
    }
}
