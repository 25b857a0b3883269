import Glibc
import HermesSupport
import Logging

/// The indexes that were built here, because no other could be found: `index/`, one OCI layout for all images.
///
/// Who builds has a shared lease on the layout's blobs until the index is compiled; who removes some has the lease alone. So
/// a zTOC that no index lists is never one of a build that goes on.
extension ImageCache {
    private var builtIndexes: String { path + "/index" }
    private var builtBlobs: String { builtIndexes + "/blobs" }

    /// Errors that say that what is read is damaged, or gone.
    private static let damage: Set<HermesError.Code> = [.corrupt, .notFound, .unsupported, .io]

    /// Runs `body` with the layout, from which nothing is removed meanwhile. What is damaged in it is removed before. Throws the
    /// errors of making and locking the layout, and those of `body`.
    func withBuiltIndexes(log: Logger, _ body: (ImageLayout) throws -> Void) throws {
        let layout = try openBuiltIndexes(log: log)
        let lease = try FolderLease.shared(builtBlobs)
        try withExtendedLifetime(lease) {
            _ = try intactIndexes(of: layout, log: log)
            try body(layout)
        }
    }

    /// Removes the indexes of images that the cache does not have, zTOCs that no other index lists, and what builds that were
    /// killed left. Returns the bytes that were freed on the disk: 0 while an index is being built.
    @discardableResult
    func removeUnusedIndexes(log: Logger) -> Int64 {
        guard let lease = FolderLease.alone(builtBlobs, O_NOFOLLOW) else { return 0 }
        var freed: Int64 = 0
        do {
            try withExtendedLifetime(lease) {
                let layout = try openBuiltIndexes(log: log)
                let used = try intactIndexes(of: layout, log: log).filter {
                    access("\(path)/images/\($0.index.subject.digest.hex)", F_OK) == 0
                }
                let kept = Set(
                    used.flatMap { [$0.digest, $0.index.config.digest] + $0.index.layers.map(\.digest) }.map(\.hex))
                // Before the list is written anew, which may need their room.
                for (file, size) in Self.files(in: builtBlobs + "/sha256") where !kept.contains(file) {
                    guard unlink("\(builtBlobs)/sha256/\(file)") == 0 else { continue }
                    freed += size
                }
                for (file, _) in Self.files(in: builtIndexes) where file.hasPrefix(AtomicFile.temporaryPrefix) {
                    unlink("\(builtIndexes)/\(file)")
                }
                let listed = try layout.imageIndex().manifests.map(\.digest)
                try layout.unlist(Set(listed).subtracting(used.map(\.digest)))
            }
        } catch {
            log.warning("the indexes that were built here cannot be looked through", metadata: ["cause": "\(error)"])
        }
        return freed
    }

    /// The bytes that they take on the disk.
    func builtIndexSize() -> Int64 {
        [builtIndexes, builtBlobs + "/sha256"].reduce(0) { sum, folder in
            Self.files(in: folder).reduce(sum) { $0 + $1.size }
        }
    }

    /// Opens or makes the layout. A list that cannot be read is begun anew.
    private func openBuiltIndexes(log: Logger) throws -> ImageLayout {
        do {
            let layout = try ImageLayout.openOrCreate(builtIndexes)
            _ = try layout.imageIndex()
            return layout
        } catch let error as HermesError where Self.damage.contains(error.code) {
            log.warning(
                "the list of the indexes that were built here is damaged: it is begun anew",
                metadata: ["cause": "\(error)"])
            for name in ["index.json", "oci-layout"] { unlink("\(builtIndexes)/\(name)") }
            return try ImageLayout.openOrCreate(builtIndexes)
        }
    }

    /// The indexes that the layout lists. One that cannot be read is told of and removed, so that it is told of once.
    private func intactIndexes(of layout: ImageLayout, log: Logger) throws -> [(digest: Digest, index: SOCIIndex)] {
        var intact: [(digest: Digest, index: SOCIIndex)] = []
        var damaged: Set<Digest> = []
        for entry in try layout.imageIndex().manifests {
            do {
                if let index = try layout.sociIndex(at: entry) { intact.append((entry.digest, index)) }
            } catch let error as HermesError where Self.damage.contains(error.code) {
                log.warning(
                    "an index that was built here is damaged: it is removed",
                    metadata: ["index": "\(entry.digest)", "cause": "\(error)"])
                damaged.insert(entry.digest)
            }
        }
        for digest in damaged { unlink(layout.blobPath(digest)) }
        try layout.unlist(damaged)
        return intact
    }

    /// The names of a folder's files, and the bytes that each takes on the disk; none where the folder cannot be read.
    private static func files(in folder: String) -> [(name: String, size: Int64)] {
        ((try? FolderListing.names(in: folder)) ?? []).compactMap { name in
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return nil }
            return (name, Int64(status.st_blocks) * 512)
        }
    }
}
