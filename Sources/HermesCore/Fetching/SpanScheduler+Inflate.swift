import HermesSupport
import Synchronization

extension SpanScheduler {
    /// Checks, inflates, delivers and stores a span. For a `thread` of `InflatePool`, with its decoder.
    func inflate(_ job: InflateJob, _ decoder: SpanDecoder, _ thread: YieldingThread) {
        let key = job.key
        let layer = layers[job.layer]
        // Only while no lock is held: who waits for one must not wait for a processor that idles.
        var isIdle = job.urgency == .fill
        if isIdle { thread.yield() }
        do {
            try decoder.decode(layer.spans, job.span, UnsafeRawBufferPointer(job.bytes.buffer)) { bytes in
                if isIdle { thread.resume() }
                isIdle = false
                let start = layer.spans.record(job.span).pointee.uncompressedStart
                func answer(_ reads: [ParkedRead]) {
                    for read in reads { read.take(bytes, at: start) }
                    deliver(reads)
                }
                // A reader that waits is answered before the span is written to the cache.
                answer(state.withLock { $0.waiters.removeValue(forKey: key) ?? [] })
                let isKept = keep(key, bytes, at: start)
                let others = state.withLock { state in
                    state.queue.finished(key)
                    state.missed[key] = nil
                    state.claimed.remove(key)
                    if !isKept { state.queue.notKept(key) }
                    return state.waiters.removeValue(forKey: key) ?? []
                }
                answer(others)
                counters.spans.add(1, ordering: .relaxed)
                release(CollectionOfOne(key))
            }
        } catch {
            if isIdle { thread.resume() }
            counters.verificationFailures.add(1, ordering: .relaxed)
            counters.layers[job.layer].errors.add(1, ordering: .relaxed)
            let error =
                error as? HermesError
                ?? HermesError(.corrupt, "span \(job.span) of layer \(layer.descriptor.digest)", cause: error)
            let hosts = job.bytes.hosts
            // Of two that sent a part each, one may be right.
            if error.code == .corrupt, hosts.count == 1 { source.blame(hosts[0], for: layer.descriptor.digest) }
            failed(key, error, from: hosts)
        }
    }
}
