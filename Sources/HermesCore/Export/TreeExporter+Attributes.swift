import CLinux
import Glibc
import HermesSupport

extension TreeExporter {
    /// Gives a file the owner, extended attributes, permissions and time of its inode.
    func setAttributes(_ inode: UnsafePointer<InodeRecord>, _ path: Path) throws {
        let record = inode.pointee
        if isRoot { try check(lchown(path, record.owner, record.group), path) }
        // After the owner, whose change takes file capabilities and set-ID bits away (chown(2)).
        var failed = false
        image.tree.eachXattr(inode) { name, value in
            // A NUL lies behind the name.
            guard let key = name.baseAddress?.assumingMemoryBound(to: CChar.self) else { return true }
            let isOpen = isRoot || name.starts(with: "user.".utf8)
            // A file system without extended attributes keeps the rest of the file.
            if isOpen, lsetxattr(path, key, value.baseAddress, value.count, 0) != 0, errno != ENOTSUP { failed = true }
            return !failed
        }
        if failed { throw HermesError.file("set an extended attribute of", Self.text(path), .last) }
        if record.mode & S_IFMT != S_IFLNK { try check(chmod(path, record.mode & 0o7777), path) }
        let time = timespec(tv_sec: Int(record.modifiedSeconds), tv_nsec: Int(record.modifiedNanoseconds))
        try check(utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW), path)
    }
}
