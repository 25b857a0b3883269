import HermesSupport

/// One pass over a layer's blob that compares it with a zTOC. For one thread.
///
/// A gzip blob is inflated twice: from its start, as any tool does, and span by span, as a mount does. Both must give
/// the same bytes.
struct LayerVerification: ~Copyable {
    private let view: ZTOCView
    private let layer: Image.Layer
    /// nil for a layer that is not compressed.
    private let checkpoints: CheckpointBlob?
    /// The part of the blob that each span covers.
    private let ranges: [Range<Int64>]
    /// Inflates from the start, and knows the digests of both sides at the end; used for gzip only.
    private var indexer: GzipIndexer
    private var blob = SHA256()
    private var entries: EntryComparison
    /// The archive's bytes as they come from the start, and as they come from the spans.
    private var straight = SHA256()
    private var pieced = SHA256()
    private var straightCount: Int64 = 0

    private var inflater: SpanInflater
    private var nextSpan = 0
    private var span: [UInt8] = []
    private var offset: Int64 = 0

    /// Starts on a layer. Throws `corrupt` when the zTOC's checkpoints are damaged.
    init(_ view: ZTOCView, _ layer: Image.Layer) throws {
        let inflater = try SpanInflater()
        let indexer = try GzipIndexer(spanSize: .max)
        let checkpoints =
            view.compression == .gzip
            ? try CheckpointBlob(
                view.checkpoints, compressedSize: view.compressedSize, uncompressedSize: view.uncompressedSize) : nil
        let spanSize = try view.spanSize()
        self.view = view
        self.layer = layer
        entries = EntryComparison(view)
        self.inflater = inflater
        self.indexer = indexer
        self.checkpoints = checkpoints
        ranges = (0..<Int64(view.spanCount)).map { index in
            checkpoints?.compressedRange(ofSpan: Int(index))
                ?? index * spanSize..<min((index + 1) * spanSize, view.compressedSize)
        }
    }

    /// Takes the next bytes of the blob. Throws `corrupt` for the first thing that does not fit.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) throws {
        blob.update(bytes)
        if checkpoints == nil {
            try inspect(bytes)
        } else {
            var runs: [[UInt8]] = []
            try indexer.consume(bytes) { runs.append(Array($0)) }
            for run in runs { try run.withUnsafeBytes { try inspect($0) } }
        }
        try cut(bytes)
        offset += Int64(bytes.count)
    }

    /// Ends the layer. Throws `corrupt` when it is not the one of the manifest, the configuration and the zTOC.
    mutating func finish() throws {
        let digest = blob.finish()
        guard digest == layer.descriptor.digest else {
            throw HermesError(.corrupt, "its bytes have the digest \(digest)")
        }
        let diffID = checkpoints == nil ? digest : try indexer.finish().uncompressedDigest
        guard diffID == layer.diffID else {
            throw HermesError(.corrupt, "its content has the diff ID \(diffID), not \(layer.diffID)")
        }
        try entries.finish()
        guard nextSpan == ranges.count, pieced.finish() == straight.finish() else {
            throw HermesError(.corrupt, "the spans of the index do not inflate to the layer")
        }
    }

    /// The layer's content, in order: its entries must be those of the zTOC.
    private mutating func inspect(_ bytes: UnsafeRawBufferPointer) throws {
        // The bytes behind the archive are padding, which a zTOC of the SOCI tools does not count.
        let size = checkpoints == nil ? view.compressedSize : view.uncompressedSize
        let count = Int(min(Int64(bytes.count), max(0, size - straightCount)))
        straight.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        straightCount += Int64(bytes.count)
        try entries.consume(bytes)
    }

    /// Collects the blob's bytes into spans. Neighbours may share a byte, which stays for the next one.
    private mutating func cut(_ bytes: UnsafeRawBufferPointer) throws {
        let end = offset + Int64(bytes.count)
        while nextSpan < ranges.count, ranges[nextSpan].lowerBound < end {
            let range = ranges[nextSpan]
            let from = max(range.lowerBound + Int64(span.count), offset)
            let to = min(range.upperBound, end)
            if from < to { span.append(contentsOf: bytes[Int(from - offset)..<Int(to - offset)]) }
            guard range.upperBound <= end else { return }
            try check(nextSpan)
            nextSpan += 1
            let shares = nextSpan < ranges.count && ranges[nextSpan].lowerBound < range.upperBound
            span = shares ? span.suffix(1) : []
        }
    }

    private mutating func check(_ index: Int) throws {
        guard Digest.of(span) == (try view.spanDigest(index)) else {
            throw HermesError(.corrupt, "span \(index) does not have the digest that the index gives for it")
        }
        guard let checkpoints else { return span.withUnsafeBytes { pieced.update($0) } }
        let count = checkpoints.uncompressedRange(ofSpan: index).count
        guard count <= ZTOC.largestSpan else {
            throw HermesError(.unsupported, "span \(index) of the index has \(count) bytes, more than a span may have")
        }
        let checkpoint = checkpoints.checkpoint(index)
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
        defer { output.deallocate() }
        let content = UnsafeMutableRawBufferPointer(rebasing: output[..<count])
        try span.withUnsafeBytes { bytes in
            try inflater.inflate(
                bytes, bits: checkpoint.bits, window: checkpoints.window(index), into: content,
                allowsSurplus: index == ranges.count - 1)
        }
        pieced.update(UnsafeRawBufferPointer(content))
    }
}
