import Glibc
import HermesCore
import HermesSupport

extension ArtifactStore {
    /// Begins a blob.
    package func blobWriter() throws -> BlobWriter { try BlobWriter(self) }

    /// Keeps a blob from being removed before an artifact names it.
    func protect(_ digest: Digest) {
        withState { $0.unnamed[digest] = now() }
    }

    /// Keeps the zTOC of a layer, whose blob was written before, for all images that have the layer: also for a build that goes on
    /// after this process was killed.
    package func keep(_ ztoc: SOCIIndex.Layer) throws {
        try transaction(.write) { state in
            _ = try state.connection.run(
                "INSERT OR REPLACE INTO ztocs (\(Self.layerColumns)) VALUES (?, ?, ?, ?, ?, ?)",
                .text(ztoc.layerDigest.description), .text(ztoc.layerMediaType), .integer(ztoc.spanSize ?? 0),
                .text(ztoc.digest.description), .integer(ztoc.size), .integer(ztoc.disableXattrs ? 1 : 0))
        }
    }

    /// The zTOC of a layer with spans of that size, if it was built before: all images that have the layer use it. It is kept for a
    /// day, in which an artifact has to name it.
    package func ztoc(of layer: Digest, spanSize: Int64) throws -> SOCIIndex.Layer? {
        try transaction(.read) { state in
            let found = try state.connection.rows(
                """
                SELECT \(Self.layerColumns) FROM ztocs WHERE layer = ?1 AND span_size = ?2
                UNION ALL SELECT \(Self.layerColumns) FROM layers WHERE layer = ?1 AND span_size = ?2
                """, .text(layer.description), .integer(spanSize), body: Self.layer)
            guard let ztoc = found.first(where: { folder.size(of: $0.digest) == $0.size }) else { return nil }
            state.unnamed[ztoc.digest] = now()
            return ztoc
        }
    }

    /// Opens a blob that an artifact names; nil where there is none.
    package func openBlob(_ digest: Digest) throws -> BlobFile? {
        let text = SQLiteValue.text(digest.description)
        return try withState { state in
            let named = try state.connection.row(
                """
                SELECT index_type, index_size FROM artifacts WHERE index_digest = ?
                UNION ALL SELECT '\(SOCIIndex.Layer.mediaType)', ztoc_size FROM layers WHERE ztoc = ? LIMIT 1
                """, text, text
            ) { (type: try $0.text(0), size: try $0.int64(1)) }
            guard let named, folder.size(of: digest) == named.size else { return nil }
            let file = try OpenFile(folder.path(of: digest), O_RDONLY | O_NOFOLLOW)
            let blob = try BlobFile(
                digest, mediaType: named.type, size: named.size, file: file,
                compressed: folder.openCompressed(digest), store: self)
            open.withLock { $0[digest, default: 0] += 1 }
            return blob
        }
    }

    /// Whether a blob is being read.
    func isOpen(_ digest: Digest) -> Bool { open.withLock { $0[digest] != nil } }

    /// To be called once for each blob that was opened. Any thread; does not block.
    func closed(_ digest: Digest) {
        open.withLock { open in
            guard let count = open[digest] else { return }
            open[digest] = count > 1 ? count - 1 : nil
        }
    }
}
