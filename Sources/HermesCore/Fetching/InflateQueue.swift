import DequeModule

/// A span whose compressed bytes are here.
struct InflateJob: Sendable {
    let scheduler: SpanScheduler
    let layer: Int
    let span: Int
    let bytes: SpanBytes
    var urgency: FetchQueue.Urgency

    var key: SpanID { SpanID(layer: layer, span: span) }
}

/// Spans that wait for a thread to inflate them: those that a reader waits for come first, then read-ahead, then fill, and among
/// equals the images take turns. Pure.
struct InflateQueue {
    /// The jobs of one urgency.
    private struct Turns {
        private var jobs: [ObjectIdentifier: Deque<InflateJob>] = [:]
        /// The schedulers that have jobs, each once: the next one first.
        private var order: Deque<ObjectIdentifier> = []

        var isEmpty: Bool { order.isEmpty }

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

        /// Takes the job of a span out of turn.
        mutating func take(_ key: SpanID, of owner: ObjectIdentifier) -> InflateJob? {
            guard var own = jobs[owner], let index = own.firstIndex(where: { $0.key == key }) else { return nil }
            let job = own.remove(at: index)
            if own.isEmpty { remove(owner) } else { jobs[owner] = own }
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

    /// Puts the job of a span, if it waits, among those that a reader waits for.
    mutating func hurry(_ key: SpanID, of scheduler: SpanScheduler) {
        let owner = ObjectIdentifier(scheduler)
        guard var job = fills.take(key, of: owner) ?? aheads.take(key, of: owner) else { return }
        job.urgency = .demand
        append(job)
    }

    /// Whether spans of fill wait.
    var hasFill: Bool { !fills.isEmpty }

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
