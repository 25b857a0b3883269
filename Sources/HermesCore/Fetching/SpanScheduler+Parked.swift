import HermesSupport

extension SpanScheduler {
    /// Milliseconds after which a parked read counts as one that hangs.
    static let hungAfter = 10_000.0

    /// A read that waits for its bytes.
    struct Waiting: Sendable {
        /// An index into the image's layers.
        let layer: Int
        /// The first byte that it wants of the uncompressed layer.
        let offset: Int64
        /// The first span that it waits for.
        let span: Int
        /// How long it has waited.
        let milliseconds: Double
    }

    /// The number of reads that wait for their bytes now.
    package var parkedCount: Int { state.withLock(\.waiting) }

    /// The reads that wait for longer than 10 seconds, the oldest first.
    func hungReads(now: Monotonic = .now()) -> [Waiting] {
        let open = state.withLock { state in
            // In order of their deadlines, and so of their starts.
            state.parked.prefix { $0.isDone || now.milliseconds(since: $0.start) > Self.hungAfter }
                .filter { !$0.isDone }
        }
        return open.map { read in
            let layer = layers[read.layer]
            let first = layer.spans.span(at: read.range.lowerBound)
            let last = layer.spans.span(at: read.range.upperBound - 1)
            return Waiting(
                layer: read.layer, offset: read.range.lowerBound,
                span: (first...last).first { !layer.isPresent($0) } ?? first,
                milliseconds: now.milliseconds(since: read.start))
        }
    }
}
