import HermesSupport

/// Collects the image manifests under a source's root, through nested indexes.
struct ManifestWalk {
    /// A manifest that may be the image that is wanted.
    struct Candidate {
        let descriptor: Descriptor
        /// The manifest, where it was read already.
        let manifest: ImageManifest?
    }

    /// The depth of indexes within indexes; no known builder makes more than one level.
    private static let depthLimit = 4
    /// Manifests without a platform, each of which has to be read.
    private static let unknownLimit = 64
    /// Indexes that are read in all.
    private static let indexLimit = 64

    let source: any ImageDocuments
    /// The manifest or index that the source's name stands for; nil when the source has to be asked.
    var root: Descriptor?

    /// The candidates in the order of the indexes. Manifests of other artifacts (attestations, SOCI indexes) are left
    /// out. Throws `corrupt` for indexes without end.
    func candidates() async throws -> [Candidate] {
        let root =
            if let root { root } else { try await source.root() }
        switch try await document(root) {
        case .manifest(let manifest): return [Candidate(descriptor: root, manifest: manifest)]
        case .index(let index):
            var found: [Candidate] = []
            var read: Set<Digest> = [root.digest]
            try await collect(index, depth: 1, read: &read, into: &found)
            guard found.count(where: { $0.descriptor.platform == nil }) <= Self.unknownLimit else {
                throw HermesError(.corrupt, "\(source.name) has too many manifests without a platform")
            }
            return found
        }
    }

    private func collect(
        _ index: ImageIndex, depth: Int, read: inout Set<Digest>, into found: inout [Candidate]
    ) async throws {
        for entry in index.manifests {
            if MediaType.isIndex(entry.mediaType) {
                guard entry.artifactType == nil, read.insert(entry.digest).inserted else { continue }
                guard depth < Self.depthLimit, read.count <= Self.indexLimit else {
                    throw HermesError(.corrupt, "\(source.name) nests indexes too deeply, or has too many")
                }
                guard case .index(let inner) = try await document(entry) else {
                    throw HermesError(
                        .corrupt, "\(source.name): \(entry.digest) is a manifest, but is listed as an index")
                }
                try await collect(inner, depth: depth + 1, read: &read, into: &found)
            } else if MediaType.isManifest(entry.mediaType), Self.isImage(entry) {
                found.append(Candidate(descriptor: entry, manifest: nil))
            }
        }
    }

    /// BuildKit's attestations have the platform unknown/unknown, SOCI indexes (v2) an artifact type and the platform of
    /// their image.
    private static func isImage(_ entry: Descriptor) -> Bool {
        if let type = entry.artifactType, !MediaType.isImageConfig(type) { return false }
        return entry.platform?.os != "unknown"
    }

    private func document(_ descriptor: Descriptor) async throws -> ManifestDocument {
        let bytes = try await source.readManifest(descriptor)
        return try ManifestDocument.parse(bytes, name: "manifest \(descriptor.digest) of \(source.name)")
    }
}
