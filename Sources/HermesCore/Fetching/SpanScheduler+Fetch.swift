import HermesSupport
import Logging
import Synchronization

/// A range request under way.
struct RunningFetch {
    let batch: FetchQueue.Batch
    /// The latest deadline of the readers that wait for one of its spans; nil when no reader waits.
    var deadline: Monotonic?
    /// Set once the source has taken it.
    var fetch: RangeFetchHandle?
}

extension SpanScheduler.State {
    /// The latest deadline of the readers that wait for a span; nil when no reader waits.
    func deadline(_ key: SpanID) -> Monotonic? {
        waiters[key]?.lazy.filter { !$0.isDone }.map(\.deadline).max()
    }

    /// Takes note that a request begins.
    mutating func begin(_ batch: FetchQueue.Batch) -> FetchTerms {
        let deadline = batch.spans.compactMap { self.deadline(SpanID(layer: batch.layer, span: $0)) }.max()
        running[batch.number] = RunningFetch(batch: batch, deadline: deadline)
        return FetchTerms(deadline: deadline, isRetry: batch.isRetry)
    }

    /// Takes note that a reader waits for a span. Returns the request that brings the span, if the request does not
    /// know of a deadline so late.
    mutating func urge(_ key: SpanID, until deadline: Monotonic) -> RangeFetchHandle? {
        let bringing = running.first { $0.value.batch.layer == key.layer && $0.value.batch.spans.contains(key.span) }
        guard let (number, running) = bringing else { return nil }
        // A reader whose deadline is less than a second later changes nothing, so that not each of many reads urges.
        if let known = running.deadline, deadline.milliseconds(since: known) < 1000 { return nil }
        self.running[number]?.deadline = deadline
        return running.fetch
    }
}

extension SpanScheduler {
    /// Starts every batch that the queue allows now.
    func pump() {
        typealias Next = (batch: FetchQueue.Batch, terms: FetchTerms)
        while true {
            settleBudget()
            let crowding = threads.budget.crowding(for: self)
            var fillWake: Monotonic?
            let (next, filled) = state.withLock { state -> (Next?, [@Sendable () -> Void]) in
                guard !state.isStopped else { return (nil, []) }
                let now = Monotonic.now()
                let lastRead = state.waiting > 0 ? now : state.lastRead
                defer { fillWake = state.queue.fillWake }
                if let batch = state.queue.next(now: now, lastRead: lastRead, crowding: crowding, claim: claim) {
                    for span in batch.spans { state.claimed.insert(SpanID(layer: batch.layer, span: span)) }
                    // While a start is watched, the first read of a span that fill brought is seen as well.
                    if state.startup != nil, batch.urgency == .fill {
                        for span in batch.spans { layers[batch.layer].markAhead(span) }
                    }
                    return ((batch, state.begin(batch)), [])
                }
                guard !state.fillDone.isEmpty, state.queue.isFilled else { return (nil, []) }
                defer { state.fillDone = [] }
                return (nil, state.fillDone)
            }
            for done in filled { done() }
            if let fillWake { threads.clock.wake(self, at: fillWake) }
            guard let next else { return }
            start(next.batch, next.terms)
        }
    }

    /// Tells the process's budget how much is under way now.
    func settleBudget() {
        let change = state.withLock { state in
            let outstanding = state.isStopped ? 0 : state.queue.outstanding
            defer { state.budgeted = outstanding }
            return outstanding - state.budgeted
        }
        guard change != 0 else { return }
        for scheduler in threads.budget.change(by: change) where scheduler !== self { threads.clock.wake(scheduler) }
    }

    private func start(_ batch: FetchQueue.Batch, _ terms: FetchTerms) {
        let layer = layers[batch.layer]
        let first = layer.compressedRange(batch.spans.lowerBound)
        let last = layer.compressedRange(batch.spans.upperBound - 1)
        let cutter = SpanCutter(layer: layer, spans: batch.spans) { [self] span, bytes in
            // With the state held: a reader that comes later finds the job in the pool.
            state.withLock { state in
                let urgency = state.queue.urgency(of: SpanID(layer: batch.layer, span: span)) ?? batch.urgency
                threads.pool.append(
                    InflateJob(scheduler: self, layer: batch.layer, span: span, bytes: bytes, urgency: urgency))
            }
        }
        let measure = FetchMeasure(counters, layer: batch.layer, batch.urgency)
        let fetch = source.fetchRange(
            of: layer.descriptor.digest, range: first.lowerBound..<last.upperBound, terms: terms,
            deliver: { bytes, host in
                measure.received(bytes.count)
                cutter.take(bytes, from: host)
            },
            completion: { [self] result in
                measure.ended(result)
                ended(batch, result, missing: cutter.missing)
            })
        // The scheduler may have stopped, or a reader may have come, before there was a handle on the request.
        let (isStopped, deadline) = state.withLock { state in
            state.running[batch.number]?.fetch = fetch
            return (state.isStopped, state.running[batch.number]?.deadline)
        }
        if isStopped { fetch.cancel() }
        if let deadline, deadline != terms.deadline { fetch.urge(until: deadline) }
    }

    private func ended(_ batch: FetchQueue.Batch, _ result: Result<Void, HermesError>, missing: Range<Int>) {
        let error: HermesError
        let outcome: FetchQueue.Outcome
        switch result {
        case .success:
            error = HermesError(.protocolViolation, "the registry sent too few bytes")
            outcome = .served
        case .failure(let failure):
            error = failure
            outcome = failure.code == .unavailable ? .overloaded : .other
        }
        let isStopped = state.withLock { state in
            state.queue.ended(batch, outcome)
            state.running[batch.number] = nil
            return state.isStopped
        }
        guard !isStopped else { return }
        log.requestEnded(result, layer: batch.layer, spans: batch.spans)
        for span in missing { failed(SpanID(layer: batch.layer, span: span), error) }
        pump()
    }

    /// A span did not come, or came wrong from `hosts`: tries again later, or fails the reads that wait for it.
    func failed(_ key: SpanID, _ error: HermesError, from hosts: [String] = []) {
        let failure = FetchQueue.Failure(
            isLasting: error.code != .unavailable && error.code != .protocolViolation, retryAfter: error.retryAfter)
        let (verdict, reads) = state.withLock { state -> (FetchQueue.Verdict, [ParkedRead]) in
            let verdict = state.queue.failed(
                key, failure, deadline: state.deadline(key), random: .random(in: 0...1), now: .now())
            state.claimed.remove(key)
            return (verdict, verdict == .giveUp ? state.waiters.removeValue(forKey: key) ?? [] : [])
        }
        release(CollectionOfOne(key))
        switch verdict {
        case .retry:
            threads.clock.wake(self)
            counters.retries.add(for: RetryReason(error))
            log.retried(key, error, from: hosts)
        case .giveUp:
            log.lost(key, error, from: hosts, readers: reads.count)
            fail(reads, error)
        }
    }
}
