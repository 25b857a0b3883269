import DequeModule

/// A span whose compressed bytes are here.
struct InflateJob: Sendable {
    let scheduler: SpanScheduler
    let layer: Int
    let span: Int
    let bytes: SpanBytes
}

/// Spans that wait for a thread to inflate them: those that a reader waits for come first, and among equals the images take
/// turns. Pure.
struct InflateQueue {
    /// The jobs of one urgency.
    private struct Turns {
        private var jobs: [ObjectIdentifier: Deque<InflateJob>] = [:]
        /// The schedulers that have jobs, each once: the next one first.
        private var order: Deque<ObjectIdentifier> = []

        mutating func append(_ job: InflateJob) {
            let owner = ObjectIdentifier(job.scheduler)
            if jobs[owner] == nil { order.append(owner) }
            jobs[owner, default: []].append(job)
        }

        mutating func next() -> InflateJob? {
            guard let owner = order.popFirst(), let job = jobs[owner]?.popFirst() else { return nil }
            if jobs[owner]?.isEmpty == true { jobs[owner] = nil } else { order.append(owner) }
            return job
        }

        mutating func remove(_ owner: ObjectIdentifier) {
            guard jobs.removeValue(forKey: owner) != nil else { return }
            order.removeAll { $0 == owner }
        }
    }

    private var urgent = Turns()
    private var other = Turns()

    /// Adds a job behind those of its scheduler.
    mutating func append(_ job: InflateJob, _ urgency: FetchQueue.Urgency) {
        if urgency == .demand { urgent.append(job) } else { other.append(job) }
    }

    /// Takes the next job.
    mutating func next() -> InflateJob? { urgent.next() ?? other.next() }

    /// Forgets the jobs of a scheduler.
    mutating func removeAll(of scheduler: SpanScheduler) {
        urgent.remove(ObjectIdentifier(scheduler))
        other.remove(ObjectIdentifier(scheduler))
    }
}
