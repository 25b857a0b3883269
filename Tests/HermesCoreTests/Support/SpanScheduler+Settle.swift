import Glibc

@testable import HermesCore

extension SpanScheduler {
    /// Waits until nothing is under way: who waits for a span is answered before it lies in the cache.
    func settle() {
        while !state.withLock({ $0.queue.isFilled }) { usleep(1000) }
    }
}
