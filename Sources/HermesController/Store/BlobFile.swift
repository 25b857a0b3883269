import HermesCore
import HermesSupport

/// A blob that is open for reading; the store keeps it as long as this object lives. Safe for use from any thread.
package final class BlobFile: Sendable {
    package let digest: Digest
    package let mediaType: String
    /// The size of the blob in bytes.
    package let size: Int64
    package let file: OpenFile
    /// The blob as one zstd frame, and the frame's size in bytes; nil where that is not worth it.
    package let compressed: (file: OpenFile, size: Int64)?
    private let store: ArtifactStore

    /// The store has counted the blob as open.
    init(
        _ digest: Digest, mediaType: String, size: Int64, file: OpenFile, compressed: OpenFile?, store: ArtifactStore
    ) throws {
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.file = file
        self.compressed = try compressed.map { ($0, try $0.size()) }
        self.store = store
    }

    deinit { store.closed(digest) }
}
