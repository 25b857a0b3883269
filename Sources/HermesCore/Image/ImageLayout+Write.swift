import Glibc
import HermesSupport

extension ImageLayout {
    /// Writes a blob from memory; nothing happens when it is there. Returns its digest.
    @discardableResult
    package func writeBlob(_ bytes: [UInt8]) throws -> Digest {
        let writer = try BlobWriter(self)
        try bytes.withUnsafeBytes { try writer.write($0) }
        return try writer.finish().digest
    }

    /// Writes a manifest as a blob and lists it in index.json: instead of an entry with the same digest, and of one with
    /// the same tag; all others stay. The annotations are the entry's. Waits up to a minute for other writers, then
    /// throws `cannotCreate`.
    @discardableResult
    package func addManifest(
        _ bytes: [UInt8], mediaType: String = MediaType.manifest, tag: String? = nil,
        annotations: [String: String] = [:], artifactType: String? = nil, platform: Platform? = nil
    ) throws -> Descriptor {
        var annotations = annotations
        if let tag { annotations[Self.tagAnnotation] = tag }
        let entry = Descriptor(
            mediaType: mediaType, digest: try writeBlob(bytes), size: Int64(bytes.count),
            annotations: annotations.isEmpty ? nil : annotations, platform: platform,
            artifactType: artifactType)
        try changeIndex { index in
            index.manifests.removeAll { other in
                other.digest == entry.digest || tag != nil && other.annotations?[Self.tagAnnotation] == tag
            }
            index.manifests.append(entry)
        }
        return entry
    }

    /// Takes the manifests with these digests off index.json; their blobs stay. Waits as `addManifest` does.
    func unlist(_ digests: Set<Digest>) throws {
        guard !digests.isEmpty else { return }
        try changeIndex { index in index.manifests.removeAll { digests.contains($0.digest) } }
    }

    private func changeIndex(_ change: (inout ImageIndex) -> Void) throws {
        try DirectoryLock(path).withLock {
            var index = try imageIndex()
            change(&index)
            try AtomicFile.write(JSON.encode(index), to: "\(path)/index.json", temporaryIn: path)
        }
    }

    /// The annotation of an entry in index.json that holds its tag (OCI image spec, annotations.md).
    package static let tagAnnotation = "org.opencontainers.image.ref.name"

    /// Writes a blob piece by piece, under a temporary name until it is complete. One thread at a time.
    package final class BlobWriter {
        private let layout: ImageLayout
        private let file: AtomicFile
        private var hash = SHA256()
        private var size: Int64 = 0

        /// Starts a blob. Throws `cannotCreate`, `denied` or `io`.
        package init(_ layout: ImageLayout) throws {
            self.layout = layout
            file = try AtomicFile(in: layout.path)
        }

        /// Adds bytes.
        package func write(_ bytes: UnsafeRawBufferPointer) throws {
            hash.update(bytes)
            try file.write(bytes)
            size += Int64(bytes.count)
        }

        /// Gives the blob its name, and returns that and the size. With `expecting`, throws `corrupt` and leaves nothing
        /// when the digest is another. A writer that is dropped before leaves nothing either.
        package func finish(expecting: Digest? = nil) throws -> (digest: Digest, size: Int64) {
            let digest = hash.finish()
            if let expecting, expecting != digest {
                throw HermesError(.corrupt, "the blob has the digest \(digest) instead of \(expecting)")
            }
            try file.commit(to: layout.blobPath(digest))
            return (digest, size)
        }
    }
}
