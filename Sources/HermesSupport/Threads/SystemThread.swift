import CLinux
import Glibc

/// A POSIX thread that runs one closure.
///
/// Threads, not tasks: their bodies block in system calls and condition waits, which would starve Swift's cooperative
/// pool.
package struct SystemThread: Sendable {
    private let thread: pthread_t

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// What a fault raises in the thread that made it. A thread that blocks these ends the process without their handler
    /// (sigprocmask(2)).
    private static let faults = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE]

    /// Starts a thread named `name` (at most 15 bytes are kept) with all signals blocked but those of its own faults, so that they
    /// reach the main thread. Throws `system` when the thread limit is reached.
    package init(_ name: String, _ run: @escaping @Sendable () -> Void) throws {
        var before = sigset_t()
        var all = sigset_t()
        sigfillset(&all)
        for signal in Self.faults { sigdelset(&all, signal) }
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            body.release()
            throw HermesError(.system, "cannot start a thread", cause: SystemError(result))
        }
        hermes_thread_name(thread, String(name.prefix(15)))
        self.thread = thread
    }

    /// Waits for the thread's end. To be called once, or `detach()` instead.
    package func join() { pthread_join(thread, nil) }

    /// Frees the thread's resources when it ends, because no thread will wait for it. To be called once, or `join()`
    /// instead.
    package func detach() { pthread_detach(thread) }
}
