import CLinux
import HermesSupport
import Synchronization

/// The threads of a process that check, inflate and store spans, whichever image they are of.
///
/// Spans of fill are inflated when the processors have nothing else to do (`YieldingThread`, `BackgroundTurns`), so that a program
/// that starts meanwhile has them for itself. Where programs use all processors, a read never waits for that: one thread takes no fill, and a
/// span of fill that a reader comes to wait for is fill no more (`hurry`).
///
/// Safe for use from any thread, except that its own threads must not call `remove` and `stop`.
final class InflatePool: Sendable {
    private enum Work {
        case job(InflateJob)
        case action(@Sendable () -> Void)
        /// Something may be there now, or may be done now.
        case again
    }

    /// A job that a thread has.
    private struct Running {
        let thread: YieldingThread
        let scheduler: ObjectIdentifier
        let yields: Bool
    }

    private struct State {
        var queue = InflateQueue()
        /// What is to be called before any job.
        var actions: [@Sendable () -> Void] = []
        /// The schedulers that may add jobs.
        var schedulers: Set<ObjectIdentifier> = []
        var running: [Running] = []
        var isStopped = false
    }

    /// Bytes.
    private static let keptBuffer = 8 << 20

    private let state = Monitor(State())
    private let threads = Mutex<[SystemThread]>([])

    /// Starts `count` threads, and the one that takes no fill. Throws `system` when they cannot be made; none is left then.
    init(_ count: Int) throws {
        do {
            for index in 0...count {
                let decoder = try SpanDecoder()
                let thread = try SystemThread("hermes-inflate") { [self] in
                    inflateUntilStopped(decoder, fill: index > 0)
                }
                threads.withLock { $0.append(thread) }
            }
        } catch {
            stop()
            throw error
        }
    }

    /// Lets a scheduler add jobs.
    func add(_ scheduler: SpanScheduler) {
        state.withLock { _ = $0.value.schedulers.insert(ObjectIdentifier(scheduler)) }
    }

    /// Forgets the jobs of a scheduler, and returns when no thread works for it any more.
    func remove(_ scheduler: SpanScheduler) {
        let owner = ObjectIdentifier(scheduler)
        state.withLock { held in
            held.value.schedulers.remove(owner)
            held.value.queue.removeAll(of: scheduler)
            for job in held.value.running where job.scheduler == owner && job.yields { job.thread.urge() }
            while held.value.running.contains(where: { $0.scheduler == owner }) { held.wait() }
        }
    }

    /// Adds a job. One of a scheduler that was removed is dropped.
    func append(_ job: InflateJob) {
        state.withLock { held in
            guard held.value.schedulers.contains(ObjectIdentifier(job.scheduler)) else { return }
            held.value.queue.append(job)
            held.broadcast()
        }
    }

    /// A reader waits now. Jobs of the spans `keys`, which had less urgency so far, come before those that nobody waits for. And no
    /// thread yields before it begins with another job, as the reader may wait for that span, for a thread, or for what one of
    /// them holds in the kernel.
    func hurry(_ keys: [SpanID], of scheduler: SpanScheduler) {
        state.withLock { held in
            for key in keys { held.value.queue.hurry(key, of: scheduler) }
            // The thread that takes no fill may take them.
            if !keys.isEmpty { held.broadcast() }
            for job in held.value.running where job.yields { job.thread.urge() }
        }
    }

    /// Calls `action` on the first thread that has nothing to do or ends its job; here and now after `stop`. `action` must not wait.
    func soon(_ action: @escaping @Sendable () -> Void) {
        let isStopped = state.withLock { held in
            if !held.value.isStopped {
                held.value.actions.append(action)
                held.broadcast()
            }
            return held.value.isStopped
        }
        if isStopped { action() }
    }

    /// Ends the threads and waits for them. The schedulers were removed before.
    func stop() {
        let actions = state.withLock { held in
            held.value.isStopped = true
            held.broadcast()
            defer { held.value.actions = [] }
            return held.value.actions
        }
        for action in actions { action() }
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
    }

    private func inflateUntilStopped(_ decoder: SpanDecoder, fill: Bool) {
        let thread = YieldingThread()
        let turns = BackgroundTurns()
        while let owner = work(thread, turns, decoder, fill: fill) {
            state.withLock { held in
                held.value.running.removeAll { $0.thread === thread }
                // Only `remove` waits for this, and it has emptied the queue for its scheduler.
                if !held.value.running.contains(where: { $0.scheduler == owner }) { held.broadcast() }
            }
        }
    }

    /// Does the next job. Returns its scheduler, to which this thread holds no reference then: who waits for `remove` wants the
    /// layers closed. Nil when the thread is to end.
    private func work(
        _ thread: YieldingThread, _ turns: BackgroundTurns, _ decoder: SpanDecoder, fill: Bool
    ) -> ObjectIdentifier? {
        turns.end()
        guard let job = nextJob(thread, turns, fill: fill) else { return nil }
        if let image = job.scheduler.image {
            image.serving { job.scheduler.inflate(job, decoder, thread) }
        } else {
            job.scheduler.inflate(job, decoder, thread)
        }
        job.scheduler.pump()
        return ObjectIdentifier(job.scheduler)
    }

    private func nextJob(_ thread: YieldingThread, _ turns: BackgroundTurns, fill: Bool) -> InflateJob? {
        while true {
            // What this asks of the kernel is not for under the lock.
            let rests = fill && !turns.mayGoOn()
            switch next(thread, turns, fill: fill && !rests, rests: rests) {
            case .job(let job): return job
            case .action(let action): action()
            case .again: break
            case nil: return nil
            }
        }
    }

    /// Waits for something to do, at most once. With `rests` it is later that fill may be done.
    private func next(_ thread: YieldingThread, _ turns: BackgroundTurns, fill: Bool, rests: Bool) -> Work? {
        state.withLock { held in
            guard !held.value.isStopped else { return nil }
            if let action = held.value.actions.popLast() { return .action(action) }
            if let job = held.value.queue.next(fill: fill) {
                thread.begin()
                let isFill = job.urgency == .fill
                if isFill { turns.begin() }
                held.value.running.append(
                    Running(thread: thread, scheduler: ObjectIdentifier(job.scheduler), yields: isFill))
                return .job(job)
            }
            // A thread that rests keeps no more than the spans of ordinary indexes need.
            hermes_thread_buffer_trim(Self.keptBuffer)
            if rests && held.value.queue.hasFill { held.wait(milliseconds: BackgroundTurns.pause) } else { held.wait() }
            return .again
        }
    }
}
