import Synchronization

extension SpanScheduler {
    /// Starts every batch that the queue allows now.
    func pump() {
        while true {
            let (batch, filled) = state.withLock { state -> (FetchQueue.Batch?, [@Sendable () -> Void]) in
                guard !state.isStopped else { return (nil, []) }
                if let batch = state.queue.next(now: .now()) { return (batch, []) }
                guard !state.fillDone.isEmpty, state.queue.isFilled else { return (nil, []) }
                defer { state.fillDone = [] }
                return (nil, state.fillDone)
            }
            for done in filled { done() }
            guard let batch else { return }
            start(batch)
        }
    }

    private func start(_ batch: FetchQueue.Batch) {
        let layer = layers[batch.layer]
        let first = layer.compressedRange(batch.spans.lowerBound)
        let last = layer.compressedRange(batch.spans.upperBound - 1)
        let cutter = SpanCutter(layer: layer, spans: batch.spans) { [self] span, bytes in
            inflating.withLock {
                $0.value.append(InflateJob(layer: batch.layer, span: span, bytes: bytes), batch.urgency)
                $0.broadcast()
            }
        }
        let measure = FetchMeasure(counters, layer: batch.layer, batch.urgency)
        source.fetchRange(
            of: layer.descriptor.digest, range: first.lowerBound..<last.upperBound,
            deliver: { bytes in
                measure.received(bytes.count)
                cutter.take(bytes)
            },
            completion: { [self] result in
                state.withLock { $0.queue.ended(batch) }
                measure.ended(result)
                log.requestEnded(result, layer: batch.layer, spans: batch.spans)
                let error: HermesError =
                    switch result {
                    case .success: HermesError(.protocolViolation, "the registry sent too few bytes")
                    case .failure(let error): error
                    }
                for span in cutter.missing {
                    failed(FetchQueue.Key(layer: batch.layer, span: span), error)
                }
                pump()
            })
    }

    /// A span did not come, or came wrong: tries again later, or fails the reads that wait for it.
    func failed(_ key: FetchQueue.Key, _ error: HermesError) {
        let isLasting = error.code != .unavailable && error.code != .protocolViolation
        let (verdict, reads) = state.withLock { state -> (FetchQueue.Verdict, [ParkedRead]) in
            let isAwaited = state.waiters[key]?.contains { !$0.isDone } ?? false
            let verdict = state.queue.failed(key, isAwaited: isAwaited, isLasting: isLasting, now: .now())
            return (verdict, verdict == .giveUp ? state.waiters.removeValue(forKey: key) ?? [] : [])
        }
        switch verdict {
        case .retry:
            wakeWatch()
            counters.retries.add(for: RetryReason(error))
            log.retried(key, error)
        case .giveUp:
            log.lost(key, error, readers: reads.count)
            fail(reads, error)
        }
    }
}

/// Cuts the bytes of one range request into its spans.
///
/// Used by one thread at a time: the source delivers in order and completes after the last byte.
private final class SpanCutter: @unchecked Sendable {
    private let layer: LazyLayer
    private let spans: Range<Int>
    private let whole: (Int, SpanBytes) -> Void
    private var next: Int
    private var current: SpanBytes
    private var filled = 0

    init(layer: LazyLayer, spans: Range<Int>, whole: @escaping (Int, SpanBytes) -> Void) {
        self.layer = layer
        self.spans = spans
        self.whole = whole
        next = spans.lowerBound
        current = SpanBytes(count: layer.compressedRange(next).count)
    }

    /// The spans that have not come.
    var missing: Range<Int> { next..<spans.upperBound }

    func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while next < spans.upperBound {
            let count = min(rest.count, current.buffer.count - filled)
            let part = rest.prefix(count)
            // At most the room that is left in the buffer.
            UnsafeMutableRawBufferPointer(rebasing: current.buffer[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            filled += count
            rest = rest.dropFirst(count)
            guard filled == current.buffer.count else { return }
            let done = current
            let span = next
            next += 1
            filled = 0
            if next < spans.upperBound {
                let range = layer.compressedRange(next)
                current = SpanBytes(count: range.count)
                // Neighbours share the byte in which their boundary lies: it is not sent twice.
                if range.lowerBound < layer.compressedRange(span).upperBound, let shared = done.buffer.last {
                    current.buffer[0] = shared
                    filled = 1
                }
            }
            whole(span, done)
        }
    }
}

/// The compressed bytes of one span.
final class SpanBytes: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer

    init(count: Int) { buffer = .allocate(byteCount: count, alignment: 16) }

    deinit { buffer.deallocate() }
}
