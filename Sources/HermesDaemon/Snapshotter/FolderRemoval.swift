import Glibc
import HermesSupport

/// Deletes a folder with all that is in it.
///
/// A container may have nested its folders deeper than a path can name or a process open, so there is no recursion: each
/// folder within is first moved to the top. It is safe to be called twice at once for one folder. It does not cross into
/// mounts. Blocks on the disk.
enum FolderRemoval {
    /// Throws the error of the call that failed; a folder that is gone already is none.
    static func remove(_ path: String) throws {
        do throws(SystemError) {
            let top = try OpenFolder(path)
            let device = try top.attributes().st_dev
            var next: UInt64 = 0
            while true {
                let names = try top.names()
                if names.isEmpty { break }
                for name in names {
                    try tolerating { () throws(SystemError) in
                        try empty(name, in: top, device, &next)
                    }
                }
            }
            guard rmdir(path) == 0 || errno == ENOENT else { throw .last }
        } catch {
            guard error.number != ENOENT else { return }
            throw HermesError.file("delete", path, error)
        }
    }

    /// Deletes an entry of `top`, whose folders are left in `top` under new names.
    private static func empty(
        _ name: String, in top: OpenFolder, _ device: dev_t, _ next: inout UInt64
    ) throws(SystemError) {
        let status = try top.attributes(name)
        guard status.st_mode & S_IFMT == S_IFDIR else { return try unlink(name, in: top) }
        guard status.st_dev == device else { throw SystemError(EBUSY) }
        let folder = try OpenFolder(name, in: top)
        for child in try folder.names() {
            if try folder.attributes(child).st_mode & S_IFMT == S_IFDIR {
                try lift(child, from: folder, to: top, &next)
            } else {
                try unlink(child, in: folder)
            }
        }
        guard unlinkat(top.descriptor, name, AT_REMOVEDIR) == 0 else { throw .last }
    }

    private static func lift(
        _ name: String, from folder: OpenFolder, to top: OpenFolder, _ next: inout UInt64
    ) throws(SystemError) {
        while true {
            next += 1
            if renameat(folder.descriptor, name, top.descriptor, "\(next)") == 0 { return }
            // Left by a deletion that was cut short.
            guard [EEXIST, ENOTEMPTY, ENOTDIR].contains(errno) else { throw .last }
        }
    }

    private static func unlink(_ name: String, in folder: OpenFolder) throws(SystemError) {
        guard unlinkat(folder.descriptor, name, 0) == 0 else { throw .last }
    }

    /// What somebody else deletes meanwhile is not missed.
    private static func tolerating(_ body: () throws(SystemError) -> Void) throws(SystemError) {
        do { try body() } catch { guard error.number == ENOENT else { throw error } }
    }
}
