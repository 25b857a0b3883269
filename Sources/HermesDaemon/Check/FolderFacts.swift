import Glibc

/// A folder as the daemon would find it, which may not be there yet. Looking at it changes nothing.
struct FolderFacts {
    let path: String
    /// The folder itself or, where it is missing, the nearest one above it that is there.
    var nearest: String
    var isFolder = true
    /// Whether this process may make files in `nearest`.
    var isWritable = true
    var owner: UInt32 = 0
    var mode: UInt32 = 0o700
    /// Bytes of the file system that may still be written, and of all of it.
    var free: Int64 = 1 << 40
    var total: Int64 = 1 << 40

    var isThere: Bool { nearest == path }

    init(path: String, nearest: String) {
        self.path = path
        self.nearest = nearest
    }

    /// Looks at an absolute path; an empty one is the root.
    init(_ path: String) {
        let path = path.isEmpty ? "/" : path
        var nearest = path
        var status = stat()
        while stat(nearest, &status) != 0, nearest != "/" {
            let parent = nearest[..<(nearest.lastIndex(of: "/") ?? nearest.startIndex)]
            nearest = parent.isEmpty ? "/" : String(parent)
        }
        self.init(path: path, nearest: nearest)
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        isWritable = access(nearest, W_OK | X_OK) == 0
        (owner, mode) = (status.st_uid, status.st_mode & 0o7777)
        var system = statvfs()
        guard statvfs(nearest, &system) == 0 else { return }
        func bytes(_ blocks: fsblkcnt_t) -> Int64 {
            let (product, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(system.f_frsize))
            return Int64(clamping: overflow ? .max : product)
        }
        (free, total) = (bytes(system.f_bavail), bytes(system.f_blocks))
    }

    /// Why the daemon cannot make the folder or use it; nil where it can.
    func fault(_ subject: String) -> NodeFinding? {
        guard isFolder else { return .fail(subject, "\(nearest) is not a folder", "move it away") }
        guard isWritable else {
            return .fail(
                subject, "\(nearest) cannot be written to", "run the daemon as root, on a file system that is writable")
        }
        return nil
    }
}
