/// Finds sequential reading in a layer's spans and says how far to fetch ahead: a pure state machine.
///
/// Files that are read together lie together in a layer's tar, so a stream here is a run over spans, not over one file.
/// Each touch of a stream's next span doubles its window, up to `limit`; a stream that jumps starts anew.
struct ReadAhead {
    private struct Stream {
        /// The span that was touched last.
        var last: Int
        /// The number of spans to have ahead of the reader.
        var window: Int
        /// When it was touched last, in touches.
        var age: Int
    }

    /// The most spans ahead of a reader.
    let limit: Int
    private var streams: [Stream] = []
    private var touches = 0

    /// `limit` is in spans, at least 1.
    init(limit: Int) { self.limit = limit }

    /// A reader has come to `span`; returns the spans that should follow, none for a reader that jumps about.
    mutating func touched(_ span: Int, count: Int) -> Range<Int> {
        touches += 1
        if let index = streams.firstIndex(where: { span > $0.last && span <= $0.last + 1 }) {
            streams[index].last = span
            streams[index].window = min(2 * streams[index].window, limit)
            streams[index].age = touches
            let end = min(span + 1 + streams[index].window, count)
            return span + 1..<max(end, span + 1)
        }
        if streams.contains(where: { $0.last == span }) { return span..<span }
        if streams.count == 8, let oldest = streams.indices.min(by: { streams[$0].age < streams[$1].age }) {
            streams.remove(at: oldest)
        }
        streams.append(Stream(last: span, window: 1, age: touches))
        return span..<span
    }
}
