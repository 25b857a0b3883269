/// The values of a layer's spans that scheduling needs.
protocol SpanGeometry {
    /// The number of spans.
    var count: Int { get }
    /// The bytes of the blob that a span needs.
    func compressedRange(_ span: Int) -> Range<Int64>
    /// Whether the span is in the cache.
    func isPresent(_ span: Int) -> Bool
}
