import Glibc
import HermesSupport

extension ImageCache {
    /// The manifest that a reference named when its registry was last asked.
    struct RememberedReference: Codable {
        var reference: String
        var root: Descriptor
        /// Seconds since 1970.
        var time: Int
    }

    /// Seconds after which a reference that still names the same is written down again.
    private static let rewriteAfter = 3600

    /// The record of a reference; nil when the cache has none.
    func remembered(_ reference: String) -> RememberedReference? {
        let path = referencePath(reference)
        guard let bytes = try? LocalFile.read(path, limit: 1 << 20),
            let found = try? JSON.decode(RememberedReference.self, from: bytes, name: path),
            found.reference == reference
        else { return nil }
        Self.touch(path)
        return found
    }

    /// Records the manifest that a reference names. A cache that cannot be written to records nothing, which does no
    /// harm now.
    func remember(_ reference: String, _ root: Descriptor) {
        let now = time(nil)
        if let known = remembered(reference), known.root == root, (now - Self.rewriteAfter...now).contains(known.time) {
            return
        }
        let record = RememberedReference(reference: reference, root: root, time: now)
        try? AtomicFile.write(
            try JSON.encode(record), to: referencePath(reference), temporaryIn: "\(path)/references")
    }

    /// A document that the cache has, whole and with the right digest; nil when the cache does not have it.
    func document(_ digest: Digest, limit: Int) -> [UInt8]? {
        let path = "\(path)/documents/\(digest.hex)"
        guard let bytes = try? LocalFile.read(path, limit: limit), Digest.of(bytes) == digest else { return nil }
        Self.touch(path)
        return bytes
    }

    /// Keeps a document, if there is room.
    func keep(_ document: [UInt8], _ digest: Digest) {
        try? AtomicFile.write(
            document, to: "\(path)/documents/\(digest.hex)", temporaryIn: "\(path)/documents")
    }

    /// Removes references, documents and startup records that were last used before `limit`, in ms since 1970.
    func forgetReferences(olderThan limit: Int) {
        for folder in ["\(path)/references", "\(path)/documents", "\(path)/startups"] {
            for name in (try? FolderListing.names(in: folder)) ?? [] {
                var status = stat()
                guard lstat("\(folder)/\(name)", &status) == 0, status.st_mtim.tv_sec < limit / 1000 else { continue }
                unlink("\(folder)/\(name)")
            }
        }
    }

    /// Forgets what outlives an image's data: its manifest, and which spans a start of it touched. Its configuration may be another
    /// image's as well, and stays.
    package func forget(_ image: Digest) {
        for folder in ["documents", "startups"] { unlink("\(path)/\(folder)/\(image.hex)") }
    }

    private func referencePath(_ reference: String) -> String {
        "\(path)/references/\(Digest.of(Array(reference.utf8)).hex)"
    }
}
