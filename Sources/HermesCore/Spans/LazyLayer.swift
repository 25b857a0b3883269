import Synchronization

/// One layer of a mounted image: its blob, its spans and its cache.
///
/// Safe for use from any thread.
package final class LazyLayer: SpanGeometry, @unchecked Sendable {
    /// The layer's blob in the registry.
    package let descriptor: Descriptor
    /// The SHA-256 of the uncompressed layer, as the image's configuration has it.
    package let diffID: Digest
    /// Where the spans are.
    package let spans: SpanMap
    /// The spans that are here.
    package let store: SpanStore
    /// One bit per span that read-ahead asked for and no reader has touched yet.
    let aheadWords: UnsafeMutablePointer<Atomic<UInt64>>
    /// The spans that some image fetches now.
    let claims = SpanClaims()

    /// Opens the compiled spans and the cache in `folder`. Throws when either cannot be used.
    package init(_ layer: Image.Layer, folder: String) throws {
        descriptor = layer.descriptor
        diffID = layer.diffID
        spans = try SpanMap(folder + "/spans")
        store = try SpanStore(folder: folder, count: spans.count, size: spans.uncompressedSize)
        let words = (spans.count + 63) / 64
        aheadWords = .allocate(capacity: words)
        for word in 0..<words { (aheadWords + word).initialize(to: Atomic(0)) }
    }

    deinit { aheadWords.deallocate() }

    /// The number of spans.
    package var count: Int { spans.count }

    /// The bytes of the blob that a span needs.
    package func compressedRange(_ span: Int) -> Range<Int64> { spans.compressedRange(span) }

    /// Whether the span is in the cache.
    package func isPresent(_ span: Int) -> Bool { store.isPresent(span) }

    /// Whether every span is in the cache.
    package var isComplete: Bool { store.presentCount == count }

    /// Whether every span is in the cache, all of them together have the image's diff ID, and the zTOC describes their files.
    package var isVerified: Bool { isComplete && store.check(of: diffID) == .verified }

    /// Remembers that read-ahead asked for the span.
    func markAhead(_ span: Int) {
        aheadWords[span >> 6].bitwiseOr(1 << UInt64(span & 63), ordering: .relaxed)
    }

    /// Whether this is the first touch of a span that read-ahead asked for; true once.
    func takeAhead(_ span: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(span & 63)
        guard aheadWords[span >> 6].load(ordering: .relaxed) & bit != 0 else { return false }
        return aheadWords[span >> 6].bitwiseAnd(~bit, ordering: .relaxed).oldValue & bit != 0
    }
}
