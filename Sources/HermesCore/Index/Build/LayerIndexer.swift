import HermesSupport

/// Builds the zTOC of one layer in one pass over its blob.
///
/// `blob -> SHA-256 -> inflate block by block -> { checkpoints, tar parser, SHA-256 }`. Nothing is kept but the table of
/// contents and the compressed windows, and no zTOC is written before both digests are those of the image.
package enum LayerIndexer {
    /// The span size where nobody asks for another one, in uncompressed bytes.
    package static let usualSpanSize: Int64 = 2 << 20

    /// The numbers that describe an indexed layer.
    package struct Summary: Sendable, Equatable {
        /// Entries of its tar.
        package let entryCount: Int
        /// Spans of its blob.
        package let spanCount: Int
        /// The size of the uncompressed layer in bytes.
        package let uncompressedSize: Int64
        /// Whether it has neither extended attributes nor opaque directories.
        package let hasNoXattrs: Bool
    }

    /// Reads the blob to its end and writes the zTOC to `sink`. `progress` is told the number of bytes of each read; an
    /// error that it throws ends the pass.
    ///
    /// `spanSize` is in uncompressed bytes. Throws `corrupt`, naming the layer, when the bytes are not a tar archive,
    /// not a gzip stream or not those of the image, `unsupported` for another compression and for names and attributes
    /// out of all proportion, and the errors of `source` and `sink`. Blocks.
    package static func index(
        _ layer: Image.Layer, from source: any ByteSource, spanSize: Int64, to sink: ZTOCWriter.Sink,
        progress: (Int) throws -> Void
    ) throws -> Summary {
        switch layer.compression {
        case .gzip: try indexGzip(layer, source, spanSize, sink, progress)
        case .none: try indexPlain(layer, source, spanSize, sink, progress)
        case .zstd, .unknown:
            throw HermesError(
                .unsupported,
                "layer \(layer.descriptor.digest) has the type \(layer.descriptor.mediaType.printable(100))",
                advice: "only gzip and uncompressed layers can be indexed")
        }
    }

    private static func indexGzip(
        _ layer: Image.Layer, _ source: any ByteSource, _ spanSize: Int64, _ sink: ZTOCWriter.Sink,
        _ progress: (Int) throws -> Void
    ) throws -> Summary {
        var indexer = try GzipIndexer(spanSize: spanSize)
        var contents = Contents()
        let index = try naming(layer) {
            try readAll(layer, source, progress) { chunk in
                contents.writer.blobSize += Int64(chunk.count)
                // A tar can fill its last record with zeros, which a zTOC does not count.
                try indexer.consume(chunk) {
                    try contents.consume($0)
                } hasEnded: {
                    contents.parser.hasEnded
                }
            }
            return try indexer.finish()
        }
        try check(layer, blob: index.compressedDigest, diffID: index.uncompressedDigest)
        try naming(layer) { try contents.parser.finish() }
        _ = try contents.writer.writeGzip(
            ZTOCWriter.Layer(
                compressedSize: index.compressedSize, uncompressedArchiveSize: contents.parser.archiveSize,
                spanDigests: index.spanDigests),
            checkpointSize: Int64(index.checkpointBlobSize), checkpoints: { try index.writeCheckpoints(to: $0) },
            to: sink)
        return contents.summary(spanCount: index.spanDigests.count, uncompressedSize: index.uncompressedSize)
    }

    private static func indexPlain(
        _ layer: Image.Layer, _ source: any ByteSource, _ spanSize: Int64, _ sink: ZTOCWriter.Sink,
        _ progress: (Int) throws -> Void
    ) throws -> Summary {
        var indexer = try UncompressedIndexer(spanSize: spanSize)
        var contents = Contents()
        try naming(layer) {
            try readAll(layer, source, progress) { chunk in
                contents.writer.blobSize += Int64(chunk.count)
                try indexer.consume(chunk) { try contents.consume($0) }
            }
        }
        let index = try indexer.finish()
        try check(layer, blob: index.digest, diffID: index.digest)
        guard index.size > 0 else {
            throw HermesError(
                .unsupported, "layer \(layer.descriptor.digest) has no bytes, not even a tar archive's end")
        }
        try naming(layer) { try contents.parser.finish() }
        _ = try contents.writer.writeUncompressed(
            ZTOCWriter.Layer(
                compressedSize: index.size, uncompressedArchiveSize: contents.parser.archiveSize,
                spanDigests: index.spanDigests),
            spanSize: spanSize, to: sink)
        return contents.summary(spanCount: index.spanDigests.count, uncompressedSize: index.size)
    }

    /// Reads `source` to its end, at most the size that the manifest states.
    private static func readAll(
        _ layer: Image.Layer, _ source: any ByteSource, _ progress: (Int) throws -> Void,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { buffer.deallocate() }
        var total: Int64 = 0
        while true {
            let count = try source.read(into: buffer)
            guard count > 0 else { break }
            total += Int64(count)
            guard total <= layer.descriptor.size else {
                throw HermesError(.corrupt, "the blob has more than the \(layer.descriptor.size) bytes of the manifest")
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            try progress(count)
        }
        guard total == layer.descriptor.size else {
            throw HermesError(
                .corrupt, "the blob ends after \(total) of the \(layer.descriptor.size) bytes of the manifest")
        }
    }

    private static func check(_ layer: Image.Layer, blob: Digest, diffID: Digest) throws {
        guard blob == layer.descriptor.digest else {
            throw HermesError(.corrupt, "layer \(layer.descriptor.digest): its bytes have the digest \(blob)")
        }
        guard diffID == layer.diffID else {
            throw HermesError(
                .corrupt,
                "layer \(layer.descriptor.digest): its content has the diff ID \(diffID), the configuration says"
                    + " \(layer.diffID)")
        }
    }

    /// Names the layer in errors about its bytes.
    private static func naming<Result>(_ layer: Image.Layer, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as HermesError where error.code == .corrupt || error.code == .unsupported {
            throw HermesError(error.code, "layer \(layer.descriptor.digest)", cause: error)
        }
    }

    /// The entries that the tar parser finds, on their way into the table of contents.
    private struct Contents: ~Copyable {
        var parser = TarParser()
        var writer = ZTOCWriter()

        mutating func consume(_ bytes: UnsafeRawBufferPointer) throws {
            try parser.consume(bytes) { try writer.append($0) }
        }

        func summary(spanCount: Int, uncompressedSize: Int64) -> Summary {
            Summary(
                entryCount: writer.entryCount, spanCount: spanCount, uncompressedSize: uncompressedSize,
                hasNoXattrs: writer.canDisableXattrs)
        }
    }
}
