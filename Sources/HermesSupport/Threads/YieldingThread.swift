import CLinux
import Glibc
import Synchronization

/// A thread that runs only when nothing else wants its processor (SCHED_IDLE, sched(7)), while nobody waits for what it does. Another
/// thread says when somebody does.
///
/// Safe for use from any thread, where nothing else is said.
package final class YieldingThread: Sendable {
    /// SCHED_IDLE of linux/sched.h, a name that Swift does not see.
    private static let idle: Int32 = 5

    private let thread: pid_t
    private let mayYield: Bool
    private let isUrged = Atomic(false)

    /// For the calling thread. With `isForever`, it is never to run as others do again.
    package init(isForever: Bool = false) {
        thread = hermes_thread_id()
        mayYield = isForever || Self.comesBack
    }

    /// Forgets that it was urged: what comes next is other work.
    package func begin() { isUrged.store(false, ordering: .sequentiallyConsistent) }

    /// Yields from now on, unless it was urged since `begin`. For the thread itself.
    package func yield() {
        guard mayYield else { return }
        Self.schedule(thread, Self.idle)
        // Whoever urges says so first and then acts: either it is seen here, or the other's act comes after this one.
        if isUrged.load(ordering: .sequentiallyConsistent) { resume() }
    }

    /// Yields no more. For the thread itself.
    package func resume() {
        guard mayYield else { return }
        Self.schedule(thread, SCHED_OTHER)
    }

    /// Makes the thread go on at once, and not yield before it begins with other work. The thread must not have ended.
    package func urge() {
        guard !isUrged.exchange(true, ordering: .sequentiallyConsistent) else { return }
        resume()
    }

    /// Whether a thread of this process may yield and then no more: the kernel lets only those with CAP_SYS_NICE, or a limit for it
    /// (RLIMIT_NICE, sched(7)). Asked by doing it.
    private static let comesBack: Bool = {
        let answer = Atomic(false)
        let thread = try? SystemThread("hermes-yield") {
            let own = hermes_thread_id()
            schedule(own, idle)
            answer.store(schedule(own, SCHED_OTHER), ordering: .releasing)
        }
        thread?.join()
        return answer.load(ordering: .acquiring)
    }()

    /// Gives a thread of this process a policy; returns whether the kernel did.
    @discardableResult private static func schedule(_ thread: pid_t, _ policy: Int32) -> Bool {
        var parameters = sched_param(sched_priority: 0)
        return sched_setscheduler(thread, policy, &parameters) == 0
    }
}
