import DequeModule

/// A span whose compressed bytes are here.
struct InflateJob: Sendable {
    let scheduler: SpanScheduler
    let layer: Int
    let span: Int
    let bytes: SpanBytes
    let urgency: FetchQueue.Urgency
}

/// Spans that wait for a thread to inflate them: those that a reader waits for come first, then read-ahead, then fill, and among
/// equals the images take turns. Pure.
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

    private var demands = Turns()
    private var aheads = Turns()
    private var fills = Turns()

    /// Adds a job behind those of its scheduler.
    mutating func append(_ job: InflateJob) {
        switch job.urgency {
        case .demand: demands.append(job)
        case .ahead: aheads.append(job)
        case .fill: fills.append(job)
        }
    }

    /// Takes the next job; none of fill without `fill`.
    mutating func next(fill: Bool = true) -> InflateJob? {
        demands.next() ?? aheads.next() ?? (fill ? fills.next() : nil)
    }

    /// Forgets the jobs of a scheduler.
    mutating func removeAll(of scheduler: SpanScheduler) {
        demands.remove(ObjectIdentifier(scheduler))
        aheads.remove(ObjectIdentifier(scheduler))
        fills.remove(ObjectIdentifier(scheduler))
    }
}
