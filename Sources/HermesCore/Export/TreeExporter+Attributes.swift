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
        filesystem.tree.eachXattr(inode) { name, value in
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

extension ImageFilesystem {
    /// Reads from a file, waiting for what is absent; returns fewer bytes than `buffer` has only at the file's end.
    ///
    /// Not for threads that answer reads: they would wait for each other.
    package func readBlocking(inode: UInt64, offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let target = Target(buffer: buffer)
        let done = Monitor<Result<Int, HermesError>?>(nil)
        read(inode: inode, offset: offset, count: buffer.count) { result in
            // At most as many bytes as were asked for, while the caller waits with its buffer.
            let count = result.map { bytes in
                target.buffer.copyMemory(from: bytes)
                return bytes.count
            }
            done.withLock {
                $0.value = count
                $0.broadcast()
            }
        }
        return try done.withLock { held in
            while true {
                if let result = held.value { return try result.get() }
                held.wait()
            }
        }
    }

    private struct Target: @unchecked Sendable {
        let buffer: UnsafeMutableRawBufferPointer
    }
}
