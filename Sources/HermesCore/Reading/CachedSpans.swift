import Synchronization

/// A reader of cached spans: the parts of a layer that a cache hit needs, as raw pointers into structures that the
/// `LazyLayer` keeps alive.
struct CachedSpans {
    private let records: UnsafePointer<SpanRecord>
    private let count: Int
    private let present: UnsafeMutablePointer<Atomic<UInt64>>
    private let ahead: UnsafeMutablePointer<Atomic<UInt64>>
    /// The descriptor of the cache's data.
    let descriptor: Int32

    init(_ layer: LazyLayer) {
        records = layer.spans.record(0)
        count = layer.spans.count
        present = layer.store.presentWords
        ahead = layer.aheadWords
        descriptor = layer.store.data.descriptor
    }

    /// Whether every span of a range is in the cache. `length` is at least 1 and the range inside the layer. `touched`
    /// is set to a span that read-ahead brought and that no reader has read before, if the range has one.
    @inline(__always)
    func holds(_ offset: Int64, _ length: Int, touched: UnsafeMutablePointer<Int>?) -> Bool {
        var low = 0
        var high = count
        while high - low > 1 {
            let middle = (low + high) / 2
            if records[middle].uncompressedStart <= offset { low = middle } else { high = middle }
        }
        let end = offset + Int64(length)
        while true {
            let word = low >> 6
            let bit: UInt64 = 1 << UInt64(low & 63)
            // A span's bytes are written before its bit is set (SpanStore.store): acquiring pairs with that.
            guard present[word].load(ordering: .acquiring) & bit != 0 else { return false }
            if let touched, ahead[word].load(ordering: .relaxed) & bit != 0 { touched.pointee = low }
            low += 1
            guard low < count, records[low].uncompressedStart < end else { return true }
        }
    }
}
