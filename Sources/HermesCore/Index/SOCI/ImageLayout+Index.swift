import Glibc
import HermesSupport

extension ImageLayout {
    /// The SOCI indexes that the layout lists, the newest last, each with its descriptor.
    ///
    /// Throws `corrupt` for a damaged index, and the errors of reading the layout.
    package func sociIndexes() throws -> [(descriptor: Descriptor, index: SOCIIndex)] {
        try imageIndex().manifests.compactMap { entry in try sociIndex(at: entry).map { (entry, $0) } }
    }

    /// The SOCI index that an entry of the layout's list stands for; nil for anything else. Throws as `sociIndexes` does.
    func sociIndex(at entry: Descriptor) throws -> SOCIIndex? {
        guard MediaType.isManifest(entry.mediaType),
            entry.artifactType == nil || entry.artifactType == SOCIIndex.artifactType
        else { return nil }
        let bytes = try readBlob(entry, limit: SOCIIndex.sizeLimit)
        // Without an artifact type in the list, the document itself gives its type.
        guard case .manifest(let manifest) = try ManifestDocument.parse(bytes, name: "\(entry.digest)"),
            manifest.config.mediaType == SOCIIndex.artifactType
        else { return nil }
        return try SOCIIndex(decoding: bytes)
    }

    /// The newest index of the image whose manifest is `subject`.
    ///
    /// Throws `notFound` when there is none, naming the images whose indexes there are.
    package func sociIndex(of subject: Digest, image name: String) throws -> (descriptor: Descriptor, index: SOCIIndex)
    {
        let all = try sociIndexes()
        if let found = all.last(where: { $0.index.subject.digest == subject }) { return found }
        let others = all.map { $0.index.subject.digest.description }
        throw HermesError(
            .notFound, "\(path) has no index of \(name) (\(subject))",
            advice: others.isEmpty
                ? "it has no index at all" : "it has those of \(others.suffix(5).joined(separator: ", "))")
    }
}

extension ImageLayout {
    /// Removes a layout that lists nothing, as a failed build leaves it.
    package func removeIfUnlisted() throws {
        guard try imageIndex().manifests.isEmpty else { return }
        for folder in ["\(path)/blobs/sha256", "\(path)/blobs", path] {
            for name in try FolderListing.names(in: folder) { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
    }
}
