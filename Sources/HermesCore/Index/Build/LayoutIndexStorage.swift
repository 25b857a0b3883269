import Glibc
import HermesSupport

/// An OCI image layout as the place of indexes. A zTOC of the layout is used again once an index lists it.
package struct LayoutIndexStorage: IndexStorage {
    private struct Key: Hashable {
        let layer: Digest
        let spanSize: Int64?
    }

    private let layout: ImageLayout
    /// The zTOCs that the layout's indexes listed at first.
    private let known: [Key: SOCIIndex.Layer]

    /// Throws `corrupt` for a damaged index, and the errors of reading the layout.
    package init(_ layout: ImageLayout) throws {
        self.layout = layout
        var known: [Key: SOCIIndex.Layer] = [:]
        for (_, index) in try layout.sociIndexes() {
            for ztoc in try index.ztocs() { known[Key(layer: ztoc.layerDigest, spanSize: ztoc.spanSize)] = ztoc }
        }
        self.known = known
    }

    /// See `IndexStorage`.
    package func ztoc(
        of layer: Descriptor, spanSize: Int64, check: () throws -> Void,
        make: (_ sink: ZTOCWriter.Sink) throws -> LayerIndexer.Summary
    ) throws -> (ztoc: SOCIIndex.Layer, summary: LayerIndexer.Summary?) {
        if let ztoc = find(layer, spanSize: spanSize) { return (ztoc, nil) }
        let writer = try ImageLayout.BlobWriter(layout)
        let summary = try make { try writer.write($0) }
        let (digest, size) = try writer.finish()
        let ztoc = SOCIIndex.Layer(
            digest: digest, size: size, layer: layer, spanSize: spanSize, disableXattrs: summary.hasNoXattrs)
        return (ztoc, summary)
    }

    /// The zTOC of a layer, if the layout has it and its bytes are those of its digest.
    private func find(_ layer: Descriptor, spanSize: Int64) -> SOCIIndex.Layer? {
        guard var ztoc = known[Key(layer: layer.digest, spanSize: spanSize)],
            let file = try? MappedFile(try OpenFile(layout.blobPath(ztoc.digest), O_RDONLY)),
            Digest.of(file.readOnly) == ztoc.digest
        else { return nil }
        // The same blob can have another media type in another image.
        ztoc.layerMediaType = layer.mediaType
        return ztoc
    }

    /// See `IndexStorage`. Compresses the zTOCs, and lists that beside them.
    package func add(_ index: SOCIIndex, of image: Image) throws -> Descriptor {
        try layout.writeBlob(SOCIIndex.configContent)
        let ztocs = try index.ztocs().map { ztoc in
            var ztoc = ztoc
            ztoc.compressed = try compress(ztoc)
            return ztoc
        }
        let index = SOCIIndex(subject: index.subject, layers: ztocs)
        return try layout.addManifest(
            index.encoded(), mediaType: SOCIIndex.mediaType, artifactType: SOCIIndex.artifactType,
            platform: image.descriptor.platform)
    }

    /// Compresses a zTOC, unless it fits into a few packets as it is.
    private func compress(_ ztoc: SOCIIndex.Layer) throws -> SOCIIndex.Compressed? {
        guard ztoc.size >= 4096 else { return nil }
        let file = try MappedFile(try OpenFile(layout.blobPath(ztoc.digest), O_RDONLY))
        let writer = try ImageLayout.BlobWriter(layout)
        try Zstandard.compress(file.readOnly) { try writer.write($0) }
        let (digest, size) = try writer.finish()
        return SOCIIndex.Compressed(digest: digest, size: size)
    }
}
