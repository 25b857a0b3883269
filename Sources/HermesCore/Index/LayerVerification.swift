/// One pass over a layer's blob that compares it with a zTOC. For one thread.
///
/// The blob is inflated twice: from its start, as any tool does, and span by span, as a mount does. Both must give the
/// same bytes.
struct LayerVerification: ~Copyable {
    private let view: ZTOCView
    private let layer: Image.Layer
    private let checkpoints: CheckpointBlob?
    /// What each span covers of the blob.
    private let ranges: [Range<Int64>]
    private var plain: Plain
    private var parser = TarParser()
    private var nextEntry = 0
    /// The bytes of the archive that came from its start, and those that came from spans.
    private var straight = SHA256()
    private var pieced = SHA256()
    private var straightCount: Int64 = 0

    private var inflater: SpanInflater
    private var nextSpan = 0
    private var span: [UInt8] = []
    private var offset: Int64 = 0

    private enum Plain: ~Copyable {
        case gzip(GzipIndexer)
        case none(UncompressedIndexer)
    }

    init(_ view: ZTOCView, _ layer: Image.Layer) throws {
        self.view = view
        self.layer = layer
        inflater = try SpanInflater()
        switch view.compression {
        case .gzip:
            let blob = try CheckpointBlob(
                view.checkpoints, compressedSize: view.compressedSize, uncompressedSize: view.uncompressedSize)
            checkpoints = blob
            ranges = (0..<blob.count).map { blob.compressedRange(ofSpan: $0) }
            plain = .gzip(try GzipIndexer(spanSize: .max))
        case .uncompressed:
            let size = try view.spanSize()
            checkpoints = nil
            ranges = (0..<Int64(view.spanCount)).map { $0 * size..<min(($0 + 1) * size, view.compressedSize) }
            plain = .none(try UncompressedIndexer(spanSize: .max))
        }
    }

    /// Takes the next bytes of the blob.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) throws {
        switch consume plain {
        case .gzip(var indexer):
            try indexer.consume(bytes) { try contents($0) }
            plain = .gzip(indexer)
        case .none(var indexer):
            try indexer.consume(bytes) { try contents($0) }
            plain = .none(indexer)
        }
        try cut(bytes)
        offset += Int64(bytes.count)
    }
}
