import HermesSupport
import Logging
import Synchronization

/// Tells the service manager that the daemon lives (WATCHDOG=1, sd_notify(3)), as long as each of its parts answers.
///
/// Every period all parts are asked. When the last has answered, the manager is told, late if need be. While one is silent
/// nobody is told, and no part is asked again, so that questions do not pile up; the log then has what each thread does.
/// Safe for use from any thread.
package final class Watchdog: Sendable {
    /// Something of the daemon that has to move on.
    package struct Part: Sendable {
        /// Its name in the log.
        let name: String
        /// Has the part call the closure, once and soon, on whatever thread does its work. Does not block.
        let ask: @Sendable (_ answered: @escaping @Sendable () -> Void) -> Void
    }

    private struct State {
        /// The parts that were asked and have not answered, by their index.
        var silent: Set<Int> = []
        var isStopped = false
    }

    private let parts: [Part]
    /// In milliseconds.
    private let period: Int
    private let manager: ServiceManager
    private let log: Logger
    private let state = Monitor(State())
    private let thread = Mutex<SystemThread?>(nil)

    /// Starts to watch. `period`, in milliseconds, is how often the manager is told: half of what it waits for at most.
    /// Throws `system` when there can be no thread.
    package init(_ parts: [Part], period: Int, manager: ServiceManager, log: Logger) throws {
        self.parts = parts
        self.period = period
        self.manager = manager
        self.log = log
        let started = try SystemThread("hermes-watchdog") { [self] in watch() }
        thread.withLock { $0 = started }
    }

    /// Ends the thread and waits for it.
    package func stop() {
        state.withLock {
            $0.value.isStopped = true
            $0.broadcast()
        }
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func watch() {
        while true {
            let due = Monotonic.now().adding(milliseconds: period)
            ask()
            var state = wait(until: due) { $0.silent.isEmpty }
            if !state.isStopped, !state.silent.isEmpty {
                let names = state.silent.sorted().map { parts[$0].name }.joined(separator: ", ")
                log.error(
                    "a part of the daemon is stuck, and the service manager is not told that it lives",
                    metadata: ["part": "\(names)", "ms": "\(period)"])
                tellThreads()
                state = wait(until: nil) { $0.silent.isEmpty }
                if !state.isStopped { log.notice("all parts of the daemon move again") }
            }
            guard !state.isStopped else { return }
            manager.alive()
            guard !wait(until: due, for: { _ in false }).isStopped else { return }
        }
    }

    /// Writes a line for each thread, so that whoever reads the log after the restart can tell why a part was silent.
    private func tellThreads() {
        for thread in ThreadStack.all() {
            log.error(
                "a thread is here while a part of the daemon is stuck",
                metadata: [
                    "thread": "\(thread.id)", "name": "\(thread.name)", "state": "\(thread.state)",
                    "call": "\(thread.call)", "stack": "\(thread.stack)",
                ])
        }
    }

    private func ask() {
        state.withLock { $0.value.silent = Set(parts.indices) }
        for (index, part) in parts.enumerated() {
            part.ask { [state] in
                state.withLock {
                    $0.value.silent.remove(index)
                    $0.broadcast()
                }
            }
        }
    }

    /// Waits for a state, until a time or for ever, and no longer than until `stop`.
    private func wait(until due: Monotonic?, for isReached: (State) -> Bool) -> State {
        state.withLock { held in
            while !held.value.isStopped, !isReached(held.value) {
                guard let due else {
                    held.wait()
                    continue
                }
                let pause = due.milliseconds(since: .now())
                guard pause > 0 else { break }
                held.wait(milliseconds: Int64(pause) + 1)
            }
            return held.value
        }
    }
}
