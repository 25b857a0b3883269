import Glibc
import HermesCore
import HermesSupport

extension BlobFolder {
    /// Blobs below this many bytes fit into a few packets, and are not compressed.
    static let leastCompressed = 4096

    /// Writes the compressed form of a blob, which is empty where it saves less than an eighth. A zTOC of Hermes shrinks to a
    /// tenth or less, as its windows are mostly zero.
    func compress(_ digest: Digest) throws {
        // The blob is mapped, and its file is never changed.
        let blob = try MappedFile(try OpenFile(path(of: digest), O_RDONLY | O_NOFOLLOW))
        guard blob.bytes.count >= Self.leastCompressed else { return }
        let most = blob.bytes.count - blob.bytes.count / 8
        do {
            var size = 0
            let file = try AtomicFile(in: temporary)
            try Zstandard.compress(blob.readOnly) { piece in
                size += piece.count
                guard size <= most else { throw NotWorthIt() }
                try file.write(piece)
            }
            try file.commit(to: compressedPath(of: digest), mode: 0o600)
        } catch is NotWorthIt {
            try AtomicFile(in: temporary).commit(to: compressedPath(of: digest), mode: 0o600)
        }
    }

    private struct NotWorthIt: Error {}

    /// Opens the compressed form of a blob; nil where there is none.
    func openCompressed(_ digest: Digest) -> OpenFile? {
        guard let file = try? OpenFile(compressedPath(of: digest), O_RDONLY | O_NOFOLLOW),
            let size = try? file.size(), size > 0
        else { return nil }
        return file
    }
}
