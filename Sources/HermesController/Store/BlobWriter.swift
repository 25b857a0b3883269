import Glibc
import HermesCore
import HermesSupport

/// A blob on its way into an artifact store. Without `finish`, nothing of it stays. One thread at a time; blocks on the disk.
package final class BlobWriter {
    private let store: ArtifactStore
    private let file: AtomicFile
    private var hash = SHA256()
    private var size: Int64 = 0

    init(_ store: ArtifactStore) throws {
        self.store = store
        file = try AtomicFile(in: store.folder.temporary)
    }

    /// Adds bytes. Throws the error of the failed call: `cannotCreate` on a full disk.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        try file.write(bytes)
        hash.update(bytes)
        size += Int64(bytes.count)
    }

    /// Puts the blob in its place, where it outlives a power loss. It has a day to be named by an artifact. To be called
    /// once; throws the error of the failed call.
    package func finish() throws -> (digest: Digest, size: Int64) {
        let digest = hash.finish()
        // Before the file has its name, so that it is never without protection.
        store.protect(digest)
        // A blob that is there is replaced: it may have been damaged.
        try file.commit(to: store.folder.path(of: digest), mode: 0o600)
        do {
            try store.folder.compress(digest)
        } catch {
            // A blob without a compressed form is served as it is. What is left of one has a temporary name, and is gone.
        }
        return (digest, size)
    }
}
