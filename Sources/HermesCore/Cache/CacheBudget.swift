import Glibc
import HermesSupport

/// How large a cache folder may become.
package struct CacheBudget: Sendable {
    /// The most bytes that images, layers and indexes may take on the disk; nil for no number of its own.
    package let size: Int64?

    /// Makes a budget. Without a size, the cache grows until a tenth of its file system is left: below that, a kubelet
    /// begins to drive Pods away (`nodefs.available` is 10 % by default), no matter which program filled the disk.
    package init(size: Int64? = nil) { self.size = size }

    /// The bytes that the cache may take in all, when it has `usage` now and its file system `free` of `total`.
    func limit(usage: Int64, free: Int64, total: Int64) -> Int64 {
        size ?? max(0, usage + free - total / 10)
    }

    /// The limit of a cache in `folder` that takes `usage` bytes now. Throws the error of the failed call.
    func limit(of folder: String, usage: Int64) throws -> Int64 {
        if let size { return size }
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw HermesError.file("read", folder, .last) }
        // Bounded far above any disk, so that sums of them stay in range.
        func bytes(_ blocks: fsblkcnt_t) -> Int64 {
            let (product, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
            return Int64(min(overflow ? .max : product, 1 << 60))
        }
        return limit(usage: usage, free: bytes(status.f_bavail), total: bytes(status.f_blocks))
    }
}

/// Something in the cache folder that can go by itself.
struct CacheEntry: Equatable, Sendable {
    /// The name of its folder.
    let name: String
    /// The bytes that it takes on the disk.
    let size: Int64
    /// When it was used last, in milliseconds since 1970.
    let lastUsed: Int
}

extension CacheBudget {
    /// How far below the limit an eviction goes, so that the next span does not start another: a twentieth.
    private static let slack: Int64 = 20

    /// Removes the entries with the oldest use until the cache is within its limit with `needed` bytes more. An
    /// eviction goes a little further than that. `remove` returns whether the entry could be removed. Returns the bytes
    /// that were freed. Pure but for `remove`.
    static func evict(
        _ entries: [CacheEntry], usage: Int64, limit: Int64, needed: Int64, remove: (CacheEntry) -> Bool
    ) -> Int64 {
        guard usage > limit - min(needed, limit) else { return 0 }
        let goal = max(0, limit - max(limit / slack, min(needed, limit)))
        var freed: Int64 = 0
        for entry in entries.sorted(by: { ($0.lastUsed, $0.name) < ($1.lastUsed, $1.name) }) {
            guard usage - freed > goal else { break }
            if remove(entry) { freed += entry.size }
        }
        return freed
    }
}
