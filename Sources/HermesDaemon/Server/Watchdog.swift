import HermesSupport
import Logging
import Synchronization

/// Tells the service manager that the daemon lives (WATCHDOG=1, sd_notify(3)), as long as each of its parts answers.
///
/// Every period the parts are asked, except those that have not answered yet, so that questions do not pile up. When the last has
/// answered, the manager is told, late if need be. While one is silent nobody is told, and the log has once what each thread does.
/// A part that uses the disk may be silent while some thread waits for one: a slow disk is no reason for a restart, and none mends it.
/// Safe for use from any thread.
package final class Watchdog: Sendable {
    /// Something of the daemon that has to move on.
    package struct Part: Sendable {
        /// Its name in the log.
        let name: String
        /// Whether the threads that answer use the disk, or wait for some that do.
        var usesDisk = false
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
        var isStuck = false
        while true {
            let due = Monotonic.now().adding(milliseconds: period)
            ask()
            let state = wait(until: due) { $0.silent.isEmpty }
            guard !state.isStopped else { return }
            let isExcused = state.silent.contains { parts[$0].usesDisk } && Self.waitsForDisk()
            let stuck = state.silent.filter { !(isExcused && parts[$0].usesDisk) }
            if stuck.isEmpty {
                if isStuck { log.notice("all parts of the daemon move again") }
                manager.alive()
            } else if !isStuck {
                let names = stuck.sorted().map { parts[$0].name }.joined(separator: ", ")
                log.error(
                    "a part of the daemon is stuck, and the service manager is not told that it lives",
                    metadata: ["part": "\(names)", "ms": "\(period)"])
                tellThreads()
            }
            isStuck = !stuck.isEmpty
            guard !wait(until: due, for: { _ in false }).isStopped else { return }
        }
    }

    private static func waitsForDisk() -> Bool { ThreadStack.all().contains { $0.state == "D" } }

    /// The threads that the log tells of; a daemon has some tens.
    private static let toldThreads = 128

    /// Writes a line for each thread, so that whoever reads the log after the restart can tell why a part was silent.
    private func tellThreads() {
        for thread in ThreadStack.all().prefix(Self.toldThreads) {
            log.error(
                "a thread is here while a part of the daemon is stuck",
                metadata: [
                    "thread": "\(thread.id)", "name": "\(thread.name)", "state": "\(thread.state)",
                    "call": "\(thread.call)", "stack": "\(thread.stack)",
                ])
        }
    }

    private func ask() {
        let asked = state.withLock { held in
            defer { held.value.silent = Set(parts.indices) }
            return parts.indices.filter { !held.value.silent.contains($0) }
        }
        for index in asked {
            parts[index].ask { [state] in
                state.withLock {
                    $0.value.silent.remove(index)
                    $0.broadcast()
                }
            }
        }
    }

    /// Waits for a state until a time, and no longer than until `stop`.
    private func wait(until due: Monotonic, for isReached: (State) -> Bool) -> State {
        state.withLock { held in
            while !held.value.isStopped, !isReached(held.value) {
                let pause = due.milliseconds(since: .now())
                guard pause > 0 else { break }
                held.wait(milliseconds: Int64(pause) + 1)
            }
            return held.value
        }
    }
}
