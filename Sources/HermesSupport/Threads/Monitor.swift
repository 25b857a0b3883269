import Glibc

/// A value behind a lock on which threads can wait for changes: pthread's mutex and condition variable.
///
/// `Mutex` of the standard library has no condition variable. A thread that waits is blocked, so code that runs on
/// Swift's cooperative threads must not wait here.
package final class Monitor<Value>: @unchecked Sendable {
    /// The value that a holder of the lock works with.
    package struct Held: ~Copyable {
        fileprivate let monitor: Monitor

        /// The value.
        package var value: Value {
            get { monitor.value }
            nonmutating _modify { yield &monitor.value }
        }

        /// Gives the lock back until another thread signals, then takes it again. May return without a reason.
        package func wait() { pthread_cond_wait(monitor.condition, monitor.mutex) }

        /// As `wait()`, for at most so many milliseconds.
        package func wait(milliseconds: Int64) {
            var deadline = timespec()
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let nanoseconds = Int64(deadline.tv_nsec) + milliseconds % 1000 * 1_000_000
            deadline.tv_sec += Int(milliseconds / 1000 + nanoseconds / 1_000_000_000)
            deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
            pthread_cond_timedwait(monitor.condition, monitor.mutex, &deadline)
        }

        /// Wakes all that wait.
        package func broadcast() { pthread_cond_broadcast(monitor.condition) }
    }

    // pthread's objects must not move, so they are allocated. They are freed with the monitor, when no thread can wait
    // any more.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// Guarded by `mutex`.
    private var value: Value

    package init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` with the lock held.
    // Not inlined: Swift 6.3.1's optimizer crashes when it inlines a non-copyable argument of a generic type.
    @inline(never)
    package func withLock<Result>(_ body: (borrowing Held) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        // Named, not passed as a temporary: Swift 6.3.1's optimizer aborts where it inlines the latter.
        let held = Held(monitor: self)
        return try body(held)
    }
}
