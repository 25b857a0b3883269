import Glibc
import HermesSupport
import Logging

extension ImageCache {
    /// Milliseconds without use after which an image's tree and the records of its references are removed: 30 days.
    private static let imageLife = 30 * 86_400_000
    /// Milliseconds in which an image without a record may be one that is just being made.
    private static let making = 3_600_000

    /// Brings the cache within `budget` with `needed` bytes to come, as far as the entries to remove are not in use:
    /// layers that were used longest ago first, then the trees of images, with the indexes that were built here for them.
    /// Returns the bytes that may be added.
    ///
    /// Any number of processes may do this at the same time, also while others mount. A process removes a layer's
    /// folder only while it holds the folder's lease alone, and a process that has opened the layer prevents that.
    /// Files are removed by names relative to the folder that the lease locks. A layer that goes between two steps of a
    /// mount fails that mount with `notFound`, and the mount is to be tried anew.
    ///
    /// Throws the error of a folder that cannot be read.
    func evict(to budget: CacheBudget, needed: Int64, log: Logger) throws -> Int64 {
        removeUnusedIndexes(log: log)
        let usage = try usage()
        let limit = try budget.limit(of: path, usage: usage.total)
        var freed = CacheBudget.evict(usage.layers, usage: usage.total, limit: limit, needed: needed) { layer in
            remove("layers/\(layer.name)")
        }
        let isOver = usage.total - freed > limit
        let now = time(nil) * 1000
        var hasRemoved = false
        for image in usage.images where isOver || freed > 0 || now - image.lastUsed > Self.imageLife {
            guard removeImage(image, isUnwanted: isOver, now: now) else { continue }
            freed += image.size
            hasRemoved = true
        }
        if hasRemoved { freed += removeUnusedIndexes(log: log) }
        forgetReferences(olderThan: now - Self.imageLife)
        return limit - (usage.total - freed)
    }

    /// Removes an image with a missing layer, an image that was not used for long, or an unwanted image. An image whose
    /// layers are all in use stays, because it may be mounted, and so does an image that is just being made.
    private func removeImage(_ image: CacheEntry, isUnwanted: Bool, now: Int) -> Bool {
        guard let layers = layerFolders(ofImage: image.name) else {
            return now - image.lastUsed > Self.making && remove("images/\(image.name)")
        }
        let isWhole = layers.allSatisfy { access($0, F_OK) == 0 }
        let isOld = now - image.lastUsed > Self.imageLife
        guard !isWhole || isUnwanted || isOld else { return false }
        let mayBeMounted = isWhole && !layers.isEmpty && layers.allSatisfy { FolderLease.alone($0) == nil }
        return !mayBeMounted && remove("images/\(image.name)")
    }

    /// Removes an image, and those of its layers that no other image has and no process uses. Waits `patience` milliseconds at most
    /// for layers that are in use, as those are that are just verified; then they stay for the budget.
    package func remove(_ image: Digest, patience: Int = 0) {
        let own = Set(layerFolders(ofImage: image.hex) ?? [])
        let images = (try? FolderListing.names(in: "\(path)/images")) ?? []
        let others = Set(images.filter { $0 != image.hex }.flatMap { layerFolders(ofImage: $0) ?? [] })
        let deadline = Monotonic.now().adding(milliseconds: patience)
        for folder in own.subtracting(others) {
            let name = String(folder.dropFirst(path.utf8.count + 1))
            while !remove(name), access(folder, F_OK) == 0, Monotonic.now() < deadline { usleep(20_000) }
        }
        // Last: who looks whether something of it is left looks for this.
        _ = remove("images/\(image.hex)")
    }

    /// Removes a folder of the cache, if no process uses it.
    private func remove(_ name: String) -> Bool {
        let folder = "\(path)/\(name)"
        guard let lease = FolderLease.alone(folder, O_NOFOLLOW) else { return false }
        for file in (try? FolderListing.names(in: folder)) ?? [] { unlinkat(lease.descriptor, file, 0) }
        return rmdir(folder) == 0
    }
}
