import Glibc
import HermesCore
import HermesSupport
import Synchronization

/// Whether SIGINT, SIGTERM or SIGHUP asked the command to end.
///
/// Until the command has something to clean up (`hold`), a signal ends the process at once. After that the first signal
/// is a request, which the command answers by cleaning up, and the second one ends the process. For a command that reloads,
/// SIGHUP never means an end.
final class Interrupt: Sendable {
    private struct Hangup {
        /// A signal came before there was an action.
        var isAsked = false
        var action: (@Sendable () -> Void)?
    }

    private let isAsked = Atomic(false)
    /// The action that ends the work; nil until the command has something to clean up.
    private let action = Mutex<(@Sendable () -> Void)?>(nil)
    private let hangup = Mutex(Hangup())
    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Starts to listen. To be called before other threads are made, so that they leave the signals to this one.
    init(reloads: Bool = false) throws {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in Self.signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        _ = try SystemThread("hermes-signals") { [self] in
            var set = sigset_t()
            sigemptyset(&set)
            for signal in Self.signals { sigaddset(&set, signal) }
            var signal: Int32 = 0
            repeat {
                guard sigwait(&set, &signal) == 0 else { return }
                if reloads, signal == SIGHUP { hungUp() }
            } while reloads && signal == SIGHUP
            let asked = action.withLock { action in
                isAsked.store(true, ordering: .releasing)
                return action
            }
            guard let action = asked else {
                StandardError.flush()
                _exit(HermesError.Code.interrupted.exitCode)
            }
            for signal in Self.signals { Glibc.signal(signal, reloads && signal == SIGHUP ? SIG_IGN : SIG_DFL) }
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            action()
            // Stays, so that there is a thread for a second signal to end the process in.
            while true { pause() }
        }
    }

    /// From here on the command cleans up by itself: `action` is called at the signal, on the listening thread. Where the signal
    /// came since an earlier `hold`, it is called now, on this thread.
    func hold(_ action: @escaping @Sendable () -> Void = {}) {
        let isLate = self.action.withLock { held in
            held = action
            return isAsked.load(ordering: .acquiring)
        }
        if isLate { action() }
    }

    /// Calls `action` at each SIGHUP from here on, on the listening thread; now, on this thread, where one came before.
    func onHangup(_ action: @escaping @Sendable () -> Void) {
        let isLate = hangup.withLock { hangup in
            hangup.action = action
            return hangup.isAsked
        }
        if isLate { action() }
    }

    private func hungUp() {
        let action = hangup.withLock { hangup in
            if hangup.action == nil { hangup.isAsked = true }
            return hangup.action
        }
        action?()
    }

    /// Throws `interrupted` once a signal has come.
    func check() throws {
        guard !isAsked.load(ordering: .acquiring) else { throw HermesError(.interrupted, "interrupted") }
    }
}
