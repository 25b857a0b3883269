import HermesSupport

/// Writes the zTOC of one layer: takes the layer's entries as they stream past, then the values of `Layer`.
///
/// The output is byte for byte that of the SOCI snapshotter's builder (flatbuffers for Go) with the time zone UTC. Memory
/// is bounded by the entries, which are kept compactly: about 30 bytes and its texts for each, and altogether in proportion
/// to the blob. The checkpoints, the larger part of a zTOC, are streamed through.
///
/// One thread at a time.
package struct ZTOCWriter: ~Copyable {
    /// Receives the bytes of a zTOC, in order.
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// The values that are known at the end of a layer.
    package struct Layer: Sendable {
        /// The size of the layer's blob, in bytes.
        package var compressedSize: Int64
        /// The size of the tar archive in it: `TarParser.archiveSize`.
        package var uncompressedArchiveSize: Int64
        /// The SHA-256 of each span's compressed bytes, in order.
        package var spanDigests: [Digest]

        /// Makes a description.
        package init(compressedSize: Int64, uncompressedArchiveSize: Int64, spanDigests: [Digest]) {
            self.compressedSize = compressedSize
            self.uncompressedArchiveSize = uncompressedArchiveSize
            self.spanDigests = spanDigests
        }
    }

    private(set) var store = EntryStore()

    /// The bytes of the layer's blob from which the entries so far come; they bound the memory of the entries.
    package var blobSize: Int64 = 0

    /// The memory that entries may take: 16 MiB, and 32 bytes for each byte of the blob. An entry takes about 150 bytes here
    /// and at least a dozen in the blob, as gzip packs the headers of a million empty files, so that no honest layer gets near
    /// it. Headers that are as large as a parser takes them (1 MiB) and all alike take a thousandth in the blob.
    private var limit: Int64 { 16 << 20 + 32 * blobSize }

    /// Starts a table of contents without entries.
    package init() {}

    /// The number of entries so far.
    package var entryCount: Int { store.count }

    /// Whether no entry so far has extended attributes or is an opaque whiteout (OCI image spec, layer.md), so that the
    /// index may say `disableXattrs`.
    package private(set) var canDisableXattrs = true

    /// Adds the next entry of the archive. Throws `unsupported` when the entries take more than the memory that a layer
    /// of `blobSize` bytes may need.
    package mutating func append(_ entry: TarEntry) throws {
        let hasXattrs = entry.paxRecords.contains { $0.key.starts(with: "SCHILY.xattr.".utf8) }
        // The end of the name, as SOCI's rule has it.
        if hasXattrs || entry.name.suffix(12).elementsEqual(".wh..wh..opq".utf8) { canDisableXattrs = false }
        store.append(entry)
        guard Int64(store.byteCount) <= limit else {
            throw HermesError(
                .unsupported,
                "the names and attributes of its first \(store.count) files have \(store.byteCount) bytes, too many for"
                    + " \(blobSize) bytes of the blob")
        }
    }

    /// Writes the zTOC of a gzip layer and returns its size in bytes.
    ///
    /// `checkpoints` writes the checkpoint blob, which has exactly `checkpointSize` bytes, into the sink it is given.
    /// Throws `unsupported` if the zTOC would exceed the 2 GiB that a FlatBuffer can have, `corrupt` if the checkpoints
    /// have another size, and what `checkpoints` and `sink` throw.
    package func writeGzip(
        _ layer: Layer, checkpointSize: Int64, checkpoints: (Sink) throws -> Void, to sink: Sink
    ) throws -> Int64 {
        try write(layer, .gzip, checkpointSize: checkpointSize, checkpoints: checkpoints, to: sink)
    }

    /// Writes the zTOC of a layer that is not compressed, in spans of `spanSize` bytes, and returns its size in bytes.
    ///
    /// Throws `corrupt` if the digests are not one for each span, `unsupported` if the zTOC would exceed the 2 GiB that a
    /// FlatBuffer can have, and what `sink` throws.
    package func writeUncompressed(_ layer: Layer, spanSize: Int64, to sink: Sink) throws -> Int64 {
        let spans = try TarZinfo(spanSize: spanSize, size: layer.compressedSize)
        guard spans.spanCount == Int64(layer.spanDigests.count) else {
            throw HermesError(
                .corrupt, "a layer of \(spans.spanCount) spans has \(layer.spanDigests.count) span digests")
        }
        let blob = spans.encoded()
        return try blob.withUnsafeBytes { bytes in
            try write(
                layer, .uncompressed, checkpointSize: Int64(bytes.count),
                checkpoints: { try $0(bytes) }, to: sink)
        }
    }
}
