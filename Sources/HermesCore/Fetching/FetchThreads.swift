import Glibc

/// The threads that fetch for all open images of a process, and what these may have under way together.
///
/// Their number does not depend on how many images there are. Safe for use from any thread.
package final class FetchThreads: Sendable {
    let pool: InflatePool
    let clock: FetchClock
    let budget = FetchBudget()

    /// Starts `inflating` threads that inflate, by default as many as there are processors, from 2 to 16, and one that watches
    /// the time. Throws `system` when they cannot be made; none is left then.
    package init(inflating: Int = min(16, max(2, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))) throws {
        pool = try InflatePool(inflating)
        do {
            clock = try FetchClock()
        } catch {
            pool.stop()
            throw error
        }
    }

    /// Takes a new scheduler in.
    func add(_ scheduler: SpanScheduler) {
        pool.add(scheduler)
        clock.add(scheduler)
    }

    /// Forgets a scheduler, and returns when no thread works for it any more.
    func remove(_ scheduler: SpanScheduler) {
        clock.remove(scheduler)
        pool.remove(scheduler)
    }

    /// Calls `action` soon on the thread that watches the time, for whoever wants to know whether it moves; here and now after
    /// `stop`. `action` must not wait, nor use the images.
    package func soon(_ action: @escaping @Sendable () -> Void) { clock.soon(action) }

    /// Calls `action` soon on a thread that inflates, as `soon` does.
    package func inflateSoon(_ action: @escaping @Sendable () -> Void) { pool.soon(action) }

    /// Ends the threads and waits for them. All images were closed before.
    package func stop() {
        clock.stop()
        pool.stop()
    }
}
