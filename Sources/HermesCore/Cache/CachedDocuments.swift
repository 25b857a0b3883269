import HermesSupport
import Logging

/// The documents of an image: from the cache, and from the image's source where the cache does not have them.
///
/// A manifest or configuration never changes under its digest, so it is fetched once. The source is asked each time
/// which manifest a tag names; only when the registry cannot be reached does the last answer stand in.
struct CachedDocuments: ImageDocuments {
    /// The time that the registry has to resolve a reference where the cache can answer instead, in milliseconds:
    /// enough for a token and an answer over a bad line, and short for a Pod that waits.
    static let patience = 5_000

    let cache: ImageCache
    let source: any ImageSource
    let log: Logger

    var name: String { source.name }

    func root() async throws -> Descriptor {
        // A digest always names the same bytes, so the source need not be asked.
        if let digest = (source as? RegistrySource)?.reference.digest, let known = descriptor(digest) { return known }
        guard let remembered = cache.remembered(name) else {
            let root = try await source.root()
            cache.remember(name, root)
            return root
        }
        do {
            let root = try await rootInTime()
            cache.remember(name, root)
            return root
        } catch let error as HermesError where error.code == .unavailable {
            log.warning(
                "registry unreachable; mounting the copy resolved on \(Self.date(remembered.time))",
                metadata: ["image": "\(name)", "cause": "\(error)"])
            return remembered.root
        }
    }

    func readManifest(_ descriptor: Descriptor) async throws -> [UInt8] {
        if let known = cache.document(descriptor.digest, limit: ManifestDocument.sizeLimit) { return known }
        let bytes = try await source.readManifest(descriptor)
        cache.keep(bytes, descriptor.digest)
        return bytes
    }

    func readBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        if let known = cache.document(descriptor.digest, limit: limit) { return known }
        let bytes = try await source.readBlob(descriptor, limit: limit)
        cache.keep(bytes, descriptor.digest)
        return bytes
    }

    /// The answer of the source within `patience`. Throws `unavailable` when the source does not answer in time.
    private func rootInTime() async throws -> Descriptor {
        try await withThrowingTaskGroup(of: Descriptor.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await source.root() }
            group.addTask {
                try await Task.sleep(for: .milliseconds(Self.patience))
                throw HermesError(.unavailable, "no answer within \(Self.patience / 1000) s")
            }
            guard let first = try await group.next() else {
                throw HermesError(.system, "nobody was asked for \(name)")
            }
            return first
        }
    }

    /// The descriptor of a manifest or index that the cache has.
    private func descriptor(_ digest: Digest) -> Descriptor? {
        guard let bytes = cache.document(digest, limit: ManifestDocument.sizeLimit),
            let document = try? ManifestDocument.parse(bytes, name: "\(digest)")
        else { return nil }
        let type =
            switch document {
            case .manifest(let manifest): manifest.mediaType ?? MediaType.manifest
            case .index(let index): index.mediaType ?? MediaType.index
            }
        return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }

    private static func date(_ seconds: Int) -> String {
        var text: [UInt8] = []
        RFC3339.format(Timestamp(seconds: Int64(seconds), nanoseconds: 0), into: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

extension ImageCache {
    /// Finds the image that a source names for a platform, as `ImageDocuments.resolve` does, with the documents that
    /// the cache has. A document with a known digest is not asked for again. When the registry cannot be reached, the
    /// manifest that a tag named last stands in, with a warning in `log`. A registry that answers, also with 401 or
    /// 404, is believed.
    package func resolve(_ source: any ImageSource, platform: Platform, log: Logger) async throws -> Image {
        try await CachedDocuments(cache: self, source: source, log: log).resolve(platform: platform)
    }

    /// The image whose manifest has a digest, from the cache alone. `name` is what it is called in messages. Throws `notFound`
    /// when the cache lacks a document.
    package func known(_ digest: Digest, name: String) throws -> Image {
        func document(_ digest: Digest, _ what: String, limit: Int) throws -> [UInt8] {
            guard let bytes = self.document(digest, limit: limit) else {
                throw HermesError(.notFound, "the cache does not have the \(what) of \(name)")
            }
            return bytes
        }
        let bytes = try document(digest, "manifest", limit: ManifestDocument.sizeLimit)
        guard case .manifest(let manifest) = try ManifestDocument.parse(bytes, name: "the manifest of \(name)") else {
            throw HermesError(.unsupported, "\(name) is an index of images, and not one of them")
        }
        let config = try ImageConfig.parse(
            try document(manifest.config.digest, "configuration", limit: ImageConfig.sizeLimit),
            name: "the configuration of \(name)")
        let descriptor = Descriptor(
            mediaType: manifest.mediaType ?? MediaType.manifest, digest: digest, size: Int64(bytes.count),
            platform: config.platform)
        return try Image(reference: name, descriptor: descriptor, manifest: manifest, config: config)
    }
}
