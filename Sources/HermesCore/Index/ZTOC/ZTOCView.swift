import HermesSupport

/// A zTOC that is read in place, usually from a mapped file.
///
/// The bytes are untrusted and are checked whenever they are followed: a damaged or hostile zTOC makes a call throw
/// `corrupt`, never read outside the bytes. The bytes must stay valid and unchanged as long as the view, its entries or
/// any slice of them are used. Bytes after the FlatBuffer are ignored.
///
/// Reading changes nothing, so several threads may read in parallel.
package struct ZTOCView {
    private let metadata: FlatBufferTable.List
    private let digests: FlatBufferTable.List

    /// The size of all bytes that were given.
    let byteCount: Int

    /// The version of the format, as bytes of text.
    package let version: UnsafeRawBufferPointer
    /// The tool that built the zTOC, as bytes of text.
    package let buildTool: UnsafeRawBufferPointer
    /// The size of the layer's blob in bytes, as stored.
    package let compressedSize: Int64
    /// The size of the layer's tar archive in bytes, as stored.
    package let uncompressedSize: Int64
    /// How the layer is compressed.
    package let compression: ZTOC.Compression
    /// The number of the last span, as stored; -1 for a layer without spans.
    package let maxSpanID: Int32
    /// The checkpoints of a gzip layer, or the encoded `TarZinfo`.
    package let checkpoints: UnsafeRawBufferPointer
    /// Where the checkpoints begin in the bytes that were given.
    let checkpointsOffset: Int

    /// Opens a zTOC. Throws `corrupt` if its main tables are missing or lie outside of `bytes`, `unsupported` if the
    /// compression is unknown.
    package init(_ bytes: UnsafeRawBufferPointer) throws {
        typealias Slot = ZTOC.Slot
        let root = try FlatBufferTable(rootOf: bytes)
        guard let toc = try root.table(Slot.Root.toc), let info = try root.table(Slot.Root.compressionInfo)
        else {
            throw HermesError(.corrupt, "the zTOC has no table of contents or no compression info")
        }
        byteCount = bytes.count
        version = try root.text(Slot.Root.version)
        buildTool = try root.text(Slot.Root.buildTool)
        compressedSize = try root.scalar(Slot.Root.compressedSize)
        uncompressedSize = try root.scalar(Slot.Root.uncompressedSize)
        let algorithm = try info.scalar(
            Slot.CompressionInfo.algorithm, default: ZTOC.Compression.gzip.rawValue)
        guard let compression = ZTOC.Compression(rawValue: algorithm) else {
            throw HermesError(
                .unsupported, "the zTOC describes a layer with the unknown compression \(algorithm)")
        }
        self.compression = compression
        maxSpanID = try info.scalar(Slot.CompressionInfo.maxSpanID)
        metadata = try toc.list(Slot.TableOfContents.metadata)
        digests = try info.list(Slot.CompressionInfo.spanDigests)
        checkpoints = try info.text(Slot.CompressionInfo.checkpoints)
        // Both are addresses in `bytes`, or there are no checkpoints.
        checkpointsOffset = checkpoints.baseAddress.flatMap { place in bytes.baseAddress.map { place - $0 } } ?? 0
    }

    /// The number of span digests.
    package var spanCount: Int { digests.count }

    /// The SHA-256 of the compressed bytes of span `index`. Throws `corrupt` if the digest is missing or invalid.
    package func spanDigest(_ index: Int) throws -> Digest {
        guard index >= 0, index < digests.count else {
            throw HermesError(.corrupt, "the zTOC has no digest for span \(index)")
        }
        guard let digest = Digest.parse(try digests.text(index)) else {
            throw HermesError(.corrupt, "the digest of span \(index) in the zTOC is not a sha256 digest")
        }
        return digest
    }

    /// All span digests, in order. Throws `corrupt` if one of them is not a digest.
    package func spanDigests() throws -> [Digest] {
        var result: [Digest] = []
        for index in 0..<spanCount { result.append(try spanDigest(index)) }
        return result
    }

    /// The size that spans were asked to have, in uncompressed bytes; positive.
    ///
    /// A gzip layer's spans end at the next block boundary after it. Throws `corrupt` if it is not stored.
    package func spanSize() throws -> Int64 {
        switch compression {
        case .gzip: try gzipHeader().spanSize
        case .uncompressed: try TarZinfo(decoding: checkpoints).spanSize
        }
    }

    /// The header of a gzip layer's checkpoints: int32 number of checkpoints, int64 span size, little endian.
    func gzipHeader() throws -> (count: Int32, spanSize: Int64) {
        guard checkpoints.count >= 12 else {
            throw HermesError(.corrupt, "the zTOC's checkpoints are cut off")
        }
        let count = Int32(littleEndian: checkpoints.loadUnaligned(fromByteOffset: 0, as: Int32.self))
        let spanSize = Int64(littleEndian: checkpoints.loadUnaligned(fromByteOffset: 4, as: Int64.self))
        guard count >= 0, spanSize > 0 else {
            throw HermesError(.corrupt, "the zTOC has \(count) checkpoints, \(spanSize) bytes apart")
        }
        return (count, spanSize)
    }

    /// The number of entries.
    package var entryCount: Int { metadata.count }

    /// The entry `index` of the archive, in its order. Throws `corrupt` if the entry is missing or damaged.
    package func entry(_ index: Int) throws -> Entry {
        try Entry(table(index))
    }

    /// Of the entry `index` what its place in a tree depends on. Throws `corrupt` if the entry is missing or damaged.
    func names(_ index: Int) throws -> (
        name: UnsafeRawBufferPointer, linkName: UnsafeRawBufferPointer, kind: TarEntry.Kind
    ) {
        try Entry.names(table(index))
    }

    private func table(_ index: Int) throws -> FlatBufferTable {
        guard index >= 0, index < metadata.count else {
            throw HermesError(.corrupt, "the zTOC has no entry \(index)")
        }
        return try metadata.table(index)
    }
}
