/// Cuts the bytes of one range request into its spans.
///
/// Used by one thread at a time: the source delivers in order and completes after the last byte.
final class SpanCutter: @unchecked Sendable {
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

    func take(_ bytes: UnsafeRawBufferPointer, from host: String) {
        var rest = bytes[...]
        while next < spans.upperBound {
            let count = min(rest.count, current.buffer.count - filled)
            let part = rest.prefix(count)
            // At most the room that is left in the buffer.
            UnsafeMutableRawBufferPointer(rebasing: current.buffer[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            if count > 0 { current.came(from: host) }
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
                    if let host = done.hosts.last { current.came(from: host) }
                    filled = 1
                }
            }
            whole(span, done)
        }
    }
}

/// The compressed bytes of one span, and the host that sent them.
///
/// Used by one thread at a time: that of the source, then the one that inflates it.
final class SpanBytes: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer

    /// Those that sent some of the bytes.
    private(set) var hosts: [String] = []

    init(count: Int) { buffer = .allocate(byteCount: count, alignment: 16) }

    deinit { buffer.deallocate() }

    func came(from host: String) { if !hosts.contains(host) { hosts.append(host) } }
}
