import HermesSupport
import Synchronization

/// The one thread of a process that watches the time for its schedulers: retries that are due, deadlines of reads, full disks
/// that may have room again.
///
/// Safe for use from any thread, except that its own thread must not call `remove` and `stop`.
final class FetchClock: Sendable {
    private struct Entry {
        let scheduler: SpanScheduler
        /// When it is to be looked at; nil while nothing is waited for.
        var due: Monotonic?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        /// The scheduler that the thread looks at now.
        var current: ObjectIdentifier?
        var isStopped = false
        /// What the thread calls when it comes by.
        var actions: [@Sendable () -> Void] = []
    }

    private let state = Monitor(State())
    private let thread = Mutex<SystemThread?>(nil)

    /// Starts the thread. Throws `system` when that fails.
    init() throws {
        let started = try SystemThread("hermes-fetch") { [self] in watchUntilStopped() }
        thread.withLock { $0 = started }
    }

    /// Watches the time for a scheduler from now on.
    func add(_ scheduler: SpanScheduler) {
        state.withLock { $0.value.entries[ObjectIdentifier(scheduler)] = Entry(scheduler: scheduler) }
    }

    /// Ends that, and returns when the thread does not look at the scheduler any more.
    func remove(_ scheduler: SpanScheduler) {
        let owner = ObjectIdentifier(scheduler)
        state.withLock { held in
            held.value.entries[owner] = nil
            while held.value.current == owner { held.wait() }
        }
    }

    /// Makes the thread look at a scheduler at `time`, without which as soon as it can, or earlier.
    func wake(_ scheduler: SpanScheduler, at time: Monotonic = .now()) {
        let owner = ObjectIdentifier(scheduler)
        state.withLock { held in
            guard let entry = held.value.entries[owner], entry.due.map({ time < $0 }) ?? true else { return }
            held.value.entries[owner]?.due = time
            held.broadcast()
        }
    }

    /// Calls `action` on the thread soon, which shows that it moves; here and now when the thread was told to end. `action` must
    /// not wait, nor use the clock.
    func soon(_ action: @escaping @Sendable () -> Void) {
        let isStopped = state.withLock { held in
            if !held.value.isStopped { held.value.actions.append(action) }
            held.broadcast()
            return held.value.isStopped
        }
        if isStopped { action() }
    }

    /// Ends the thread and waits for it.
    func stop() {
        state.withLock {
            $0.value.isStopped = true
            $0.broadcast()
        }
        thread.withLock { thread in
            defer { thread = nil }
            return thread
        }?.join()
    }

    private func watchUntilStopped() {
        while let (owner, due) = look() {
            state.withLock { held in
                held.value.current = nil
                // It may have been woken, or removed, meanwhile.
                if let entry = held.value.entries[owner] {
                    held.value.entries[owner]?.due = [entry.due, due].compactMap(\.self).min()
                }
                held.broadcast()
            }
        }
    }

    /// Looks at the next scheduler that is due. Returns it, to which this thread holds no reference then, and when to look again;
    /// nil when the thread is to end.
    private func look() -> (owner: ObjectIdentifier, due: Monotonic?)? {
        guard let scheduler = next() else { return nil }
        return (ObjectIdentifier(scheduler), scheduler.watch())
    }

    /// Waits for the next scheduler that is due; nil when the thread is to end.
    private func next() -> SpanScheduler? {
        state.withLock { held in
            while true {
                for action in held.value.actions { action() }
                held.value.actions = []
                guard !held.value.isStopped else { return nil }
                let soonest = held.value.entries.values.lazy.compactMap(\.due).min()
                let pause = soonest.map { $0.milliseconds(since: .now()) }
                if let soonest, let pause, pause <= 0,
                    let (owner, entry) = held.value.entries.first(where: { $0.value.due == soonest })
                {
                    held.value.entries[owner]?.due = nil
                    held.value.current = owner
                    return entry.scheduler
                }
                if let pause { held.wait(milliseconds: Int64(min(pause, 60_000)) + 1) } else { held.wait() }
            }
        }
    }
}
