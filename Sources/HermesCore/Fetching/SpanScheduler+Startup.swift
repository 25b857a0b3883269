extension SpanScheduler {
    /// The spans that readers have touched since the image was opened with nothing here, in order: layer, span. Nil before
    /// the start is over (`StartupTrace.length`), unless it `isEnding`, and for an image of which something was here.
    func startup(isEnding: Bool) -> [SpanID]? {
        state.withLock { state in
            guard let trace = state.startup, isEnding || trace.isOver(now: .now()), !trace.spans.isEmpty else {
                return nil
            }
            state.startup = nil
            return trace.spans
        }
    }

    /// Fetches spans ahead of the readers, which will come to them in this order. Spans that no layer has are left out.
    func prefetch(_ spans: [SpanID]) {
        state.withLock { state in
            for key in spans where layers.indices.contains(key.layer) {
                let layer = layers[key.layer]
                guard (0..<layer.count).contains(key.span), !layer.isPresent(key.span) else { continue }
                layer.markAhead(key.span)
                state.queue.want(key, .ahead)
            }
        }
        pump()
    }
}
