import CLinux
import HermesSupport
import Synchronization

/// The threads of a process that check, inflate and store spans, whichever image they are of.
///
/// Spans of fill are inflated when the processors have nothing else to do (SCHED_IDLE, sched(7)), so that a program that starts
/// meanwhile has them for itself. One thread takes none of these: where programs use all processors, it is the one that does
/// not wait for them, and reads never do.
///
/// Safe for use from any thread, except that its own threads must not call `remove` and `stop`.
final class InflatePool: Sendable {
    private enum Work {
        case job(InflateJob)
        case action(@Sendable () -> Void)
    }

    private struct State {
        var queue = InflateQueue()
        /// What is to be called before any job.
        var actions: [@Sendable () -> Void] = []
        /// The schedulers that may add jobs, and how many threads work for each now.
        var working: [ObjectIdentifier: Int] = [:]
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
        state.withLock { $0.value.working[ObjectIdentifier(scheduler)] = 0 }
    }

    /// Forgets the jobs of a scheduler, and returns when no thread works for it any more.
    func remove(_ scheduler: SpanScheduler) {
        let owner = ObjectIdentifier(scheduler)
        state.withLock { held in
            held.value.queue.removeAll(of: scheduler)
            while held.value.working[owner, default: 0] > 0 { held.wait() }
            held.value.working[owner] = nil
        }
    }

    /// Adds a job. One of a scheduler that was removed is dropped.
    func append(_ job: InflateJob) {
        state.withLock { held in
            guard held.value.working[ObjectIdentifier(job.scheduler)] != nil else { return }
            held.value.queue.append(job)
            held.broadcast()
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
        while let owner = work(decoder, fill: fill) {
            state.withLock { held in
                held.value.working[owner, default: 0] -= 1
                // Only `remove` waits for this, and it has emptied the queue for its scheduler.
                if held.value.working[owner] == 0 { held.broadcast() }
            }
        }
    }

    /// Does the next job. Returns its scheduler, to which this thread holds no reference then: who waits for `remove` wants the
    /// layers closed. Nil when the thread is to end.
    private func work(_ decoder: SpanDecoder, fill: Bool) -> ObjectIdentifier? {
        guard let job = nextJob(fill: fill) else { return nil }
        if let image = job.scheduler.image {
            image.serving { job.scheduler.inflate(job, decoder) }
        } else {
            job.scheduler.inflate(job, decoder)
        }
        job.scheduler.pump()
        return ObjectIdentifier(job.scheduler)
    }

    private func nextJob(fill: Bool) -> InflateJob? {
        while let work = next(fill: fill) {
            switch work {
            case .job(let job): return job
            case .action(let action): action()
            }
        }
        return nil
    }

    private func next(fill: Bool) -> Work? {
        state.withLock { held in
            while !held.value.isStopped {
                if let action = held.value.actions.popLast() { return .action(action) }
                if let job = held.value.queue.next(fill: fill) {
                    held.value.working[ObjectIdentifier(job.scheduler), default: 0] += 1
                    return .job(job)
                }
                // A thread that rests keeps no more than the spans of ordinary indexes need.
                hermes_thread_buffer_trim(Self.keptBuffer)
                held.wait()
            }
            return nil
        }
    }
}
