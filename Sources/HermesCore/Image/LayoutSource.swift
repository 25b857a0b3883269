import Dispatch
import Glibc
import HermesSupport
import Synchronization

/// An image in an OCI image layout.
package struct LayoutSource: ImageSource {
    /// The folder.
    package let layout: ImageLayout
    /// The tag within the layout; nil when there is only one image.
    package let tag: String?

    /// Makes a source; whether there is such a tag is not looked at yet.
    package init(layout: ImageLayout, tag: String?) {
        self.layout = layout
        self.tag = tag
    }

    /// Splits "oci:DIR[:TAG]" at the last colon that no slash follows. Throws `usage`.
    static func split(_ text: String) throws -> (path: String, tag: String?) {
        var path = text.dropFirst("oci:".count)
        var tag: Substring?
        if let colon = path.lastIndex(of: ":"), !path[colon...].contains("/") {
            tag = path[path.index(after: colon)...]
            path = path[..<colon]
        }
        guard !path.isEmpty, tag?.isEmpty != true, !path.utf8.contains(0) else {
            throw HermesError(
                .usage, "\"\(text.printable(300))\" does not name a folder and a tag",
                advice: "write oci:FOLDER or oci:FOLDER:TAG")
        }
        return (String(path), tag.map(String.init))
    }

    /// The canonical text that opens it.
    package var name: String { "oci:\(layout.path)" + (tag.map { ":\($0)" } ?? "") }

    /// See `ImageSource`.
    package func root() async throws -> Descriptor {
        let index = try layout.imageIndex()
        func tag(of entry: Descriptor) -> String? { entry.annotations?[ImageLayout.tagAnnotation] }
        let tags = Set(index.manifests.compactMap(tag(of:))).sorted()
        if let wanted = self.tag {
            guard let entry = index.manifests.first(where: { tag(of: $0) == wanted }) else {
                throw HermesError(
                    .notFound, "\(layout.path) has no tag \"\(wanted.printable(100))\"",
                    advice: Self.list(tags))
            }
            return entry
        }
        // Artifacts about images are listed beside them.
        let images = index.manifests.filter { entry in
            entry.artifactType.map(MediaType.isImageConfig) ?? true
                && !(tag(of: entry)?.hasPrefix("sha256-") ?? false)
        }
        let tagged = images.filter { tag(of: $0) != nil }
        if let only = images.count == 1 ? images.first : tagged.count == 1 ? tagged.first : nil {
            return only
        }
        throw HermesError(
            images.isEmpty ? .notFound : .usage,
            "\(layout.path) has \(images.isEmpty ? "no image" : "several images")",
            advice: images.isEmpty ? nil : Self.list(tags))
    }

    private static func list(_ tags: [String]) -> String {
        tags.isEmpty
            ? "nothing in it has a tag"
            : "it has the tags " + tags.prefix(20).map { $0.printable(60) }.joined(separator: ", ")
    }

    /// See `ImageSource`.
    package func readManifest(_ descriptor: Descriptor) async throws -> [UInt8] {
        try layout.readBlob(descriptor, limit: ManifestDocument.sizeLimit)
    }

    /// See `ImageSource`.
    package func readBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        try layout.readBlob(descriptor, limit: limit)
    }

    /// See `ImageSource`.
    package func openBlob(_ descriptor: Descriptor, until deadline: Monotonic?) throws -> any ByteSource {
        try layout.openBlob(descriptor)
    }

    /// See `ImageSource`; the thread is any. A disk knows no haste, and the host is the folder.
    @discardableResult
    package func fetchRange(
        of digest: Digest, range: Range<Int64>, terms: FetchTerms,
        deliver: @escaping RangeFetchHandle.Delivery, completion: @escaping RangeFetchHandle.Completion
    ) -> RangeFetchHandle {
        let cancelled = CancellationFlag()
        let path = layout.blobPath(digest)
        let host = layout.path
        DispatchQueue.global().async {
            completion(
                Result { try Self.read(range, of: path, unless: cancelled) { deliver($0, host) } }
                    .mapError { .from($0) })
        }
        return RangeFetchHandle(cancel: { cancelled.set() })
    }

    /// See `ImageSource`; no other host has the blob.
    package func blame(_ host: String, for digest: Digest) {}

    private static func read(
        _ range: Range<Int64>, of path: String, unless cancelled: CancellationFlag,
        _ deliver: (UnsafeRawBufferPointer) -> Void
    ) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw HermesError.file("read", path, .last) }
        defer { close(file) }
        guard range.lowerBound >= 0 else {
            throw HermesError(.usage, "the range \(range) starts before the first byte of \(path)")
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { room.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            guard !cancelled.isSet else {
                throw HermesError(.interrupted, "the read of \(path) was cancelled")
            }
            let wanted = Int(min(Int64(room.count), range.upperBound - offset))
            let count = pread(file, room.baseAddress, wanted, Int(offset))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw HermesError.file("read", path, .last) }
            guard count > 0 else {
                throw HermesError(.corrupt, "\(path) ends before byte \(range.upperBound)")
            }
            deliver(UnsafeRawBufferPointer(rebasing: room[..<count]))
            offset += Int64(count)
        }
    }

    private final class CancellationFlag: Sendable {
        private let flag = Atomic(false)
        var isSet: Bool { flag.load(ordering: .relaxed) }
        func set() { flag.store(true, ordering: .relaxed) }
    }

    /// See `ImageSource`.
    package func manifest(_ digest: Digest) async throws -> [UInt8] {
        let path = layout.blobPath(digest)
        let bytes = try LocalFile.read(path, limit: ManifestDocument.sizeLimit)
        guard Digest.of(bytes) == digest else {
            throw HermesError(.corrupt, "the bytes of \(path) do not have the digest in its name")
        }
        return bytes
    }

    /// See `ImageSource`; from index.json, and an index under the fallback tag.
    package func referrers(of digest: Digest, artifactType: String?) async throws -> [Descriptor] {
        var found: [Descriptor] = []
        for entry in try layout.imageIndex().manifests {
            if MediaType.isIndex(entry.mediaType) {
                guard entry.annotations?[ImageLayout.tagAnnotation] == RegistryClient.fallbackTag(digest)
                else {
                    continue
                }
                let bytes = try layout.readBlob(entry, limit: ManifestDocument.sizeLimit)
                guard case .index(let list) = try ManifestDocument.parse(bytes, name: "\(entry.digest)")
                else {
                    continue
                }
                found += list.manifests
            } else if MediaType.isManifest(entry.mediaType), let referrer = try referrer(entry, of: digest) {
                found.append(referrer)
            }
        }
        var seen: Set<Digest> = []
        return found.filter { descriptor in
            (artifactType == nil || descriptor.artifactType == artifactType)
                && seen.insert(descriptor.digest).inserted
        }
    }

    /// The entry with the values of its manifest, if the manifest is about `digest`. A layout may list manifests that
    /// it does not hold.
    private func referrer(_ entry: Descriptor, of digest: Digest) throws -> Descriptor? {
        let bytes: [UInt8]
        do {
            bytes = try layout.readBlob(entry, limit: ManifestDocument.sizeLimit)
        } catch let error as HermesError where error.code == .notFound {
            return nil
        }
        guard case .manifest(let manifest) = try ManifestDocument.parse(bytes, name: "\(entry.digest)"),
            manifest.subject?.digest == digest
        else { return nil }
        var result = entry
        result.artifactType = manifest.effectiveArtifactType
        result.annotations = manifest.annotations
        return result
    }
}
