import HermesSupport

extension SpanScheduler.State {
    /// Milliseconds after a reader's deadline in which reads of the same span fail without a wait.
    ///
    /// The kernel immediately asks a second time for a page that its read-ahead did not get: without this pause a
    /// process would wait for two deadlines.
    static let missedPause = 50.0

    /// Whether readers gave up on a span just now.
    func wasJustMissed(_ key: SpanID, now: Monotonic) -> Bool {
        missed[key].map { now.milliseconds(since: $0) < Self.missedPause } ?? false
    }

    /// Takes out the reads whose deadline has come, and remembers the spans that they missed.
    mutating func takeLate(now: Monotonic) -> [ParkedRead] {
        let count = parked.prefix { $0.isDone || $0.deadline <= now }.count
        let late = Array(parked.prefix(count).lazy.filter { !$0.isDone })
        parked.removeFirst(count)
        guard !late.isEmpty else { return [] }
        missed = missed.filter { now.milliseconds(since: $0.value) < Self.missedPause }
        let isLate = Set(late.map(ObjectIdentifier.init))
        for (key, reads) in waiters where reads.contains(where: { isLate.contains(ObjectIdentifier($0)) }) {
            missed[key] = now
        }
        return late
    }
}

extension SpanScheduler {
    /// The error of a read whose deadline has come.
    var tooLate: HermesError {
        HermesError(.unavailable, "the registry did not answer in \(Double(readDeadline) / 1000) s")
    }

    /// The error of a read that would be one too many.
    var tooMany: HermesError {
        HermesError(.unavailable, "\(Self.waitingLimit) reads of the image wait for its registry already")
    }

    /// Does what is due: errands, retries, and the end of reads whose deadline has come. Returns when to look again; nil when nothing
    /// is waited for. For the thread of `FetchClock`.
    func watch() -> Monotonic? {
        let errands = state.withLock { state in
            defer { state.errands = [] }
            return state.errands
        }
        for errand in errands { errand() }
        lookForRoom()
        let late = state.withLock { $0.takeLate(now: .now()) }
        if !late.isEmpty { fail(late, tooLate) }
        pump()
        let look = room.withLock(\.nextLook)
        return state.withLock { state in
            while let read = state.parked.first, read.isDone { state.parked.removeFirst() }
            return [state.parked.first?.deadline, state.queue.nextWake, look].compactMap(\.self).min()
        }
    }
}
