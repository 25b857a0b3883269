import HermesSupport

/// Spans of layers that other images have as well: each is fetched once, by the image that asked first.
extension SpanScheduler {
    /// Whether this image is to fetch a span; if not, `settled` follows. For `FetchQueue`, with the state held.
    func claim(_ key: SpanID, _ urgency: FetchQueue.Urgency) -> Bool {
        layers[key.layer].claims.take(key.span, for: ObjectIdentifier(self), urgency: urgency.rawValue) { [weak self] in
            self?.soon { [weak self] in self?.settled(key) }
        }
    }

    /// Ends the claims on spans that came, or did not, and tells those who wait for them. Not with the state held, for theirs is
    /// taken.
    func release(_ keys: some Sequence<SpanID>) {
        for key in keys {
            for follower in layers[key.layer].claims.release(key.span, of: ObjectIdentifier(self)) { follower() }
        }
    }

    /// Another image fetches a span no more: the span is here, or this image fetches it now. For the clock's thread.
    private func settled(_ key: SpanID) {
        let layer = layers[key.layer]
        let isPresent = layer.isPresent(key.span)
        let reads = state.withLock { state -> [ParkedRead] in
            guard state.queue.settled(key, isPresent: isPresent) else { return [] }
            state.missed[key] = nil
            return state.waiters.removeValue(forKey: key) ?? []
        }
        do {
            for read in reads where !read.isDone { try copyCached(layer, key.span, to: read) }
            deliver(reads)
        } catch {
            fail(reads, unreadable(layer, error))
        }
        pump()
    }
}
