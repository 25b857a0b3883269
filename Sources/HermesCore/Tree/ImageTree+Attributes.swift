import Glibc

extension ImageTree {
    /// The attributes of an inode as stat(2) shows them.
    @inline(__always)
    func fill(_ status: inout stat, _ number: UInt64, _ inode: UnsafePointer<InodeRecord>) {
        let record = inode.pointee
        status = stat()
        status.st_ino = UInt(number)
        status.st_mode = record.mode
        status.st_nlink = UInt(record.linkCount)
        status.st_uid = record.owner
        status.st_gid = record.group
        status.st_blksize = 4096
        status.st_mtim = timespec(
            tv_sec: Int(record.modifiedSeconds), tv_nsec: Int(record.modifiedNanoseconds))
        status.st_ctim = status.st_mtim
        status.st_atim = status.st_mtim
        switch record.mode & S_IFMT {
        case S_IFDIR: status.st_size = 4096
        case S_IFCHR, S_IFBLK: status.st_rdev = UInt(record.data)
        default: status.st_size = Int(record.size)
        }
        // Blocks of 512 bytes, in whole pages; a symbolic link lies in its inode.
        let stored = storedSize(inode)
        if record.mode & S_IFMT != S_IFLNK { status.st_blocks = (stored / 4096 + (stored % 4096 > 0 ? 1 : 0)) * 8 }
    }

    /// The bytes of a regular file without the holes of a sparse one; 4,096 for a folder.
    func storedSize(_ inode: UnsafePointer<InodeRecord>) -> Int {
        let record = inode.pointee
        switch record.mode & S_IFMT {
        case S_IFDIR: return 4096
        case S_IFREG where record.isSparse:
            return (0..<Int(record.extentCount)).reduce(0) { $0 + Int(extents[Int(record.data) + $1].length) }
        case S_IFREG: return Int(record.size)
        default: return 0
        }
    }

    /// Calls `body` with the name (a NUL lies behind it) and the value of each extended attribute, until it returns false.
    func eachXattr(
        _ inode: UnsafePointer<InodeRecord>, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) {
        // Read once: the second read of a page that breaks gives zero.
        let place = Int(inode.pointee.xattrs)
        guard place > 0 else { return }
        var rest = xattrs[(place - 1)...]
        func take(_ count: Int) -> UnsafeRawBufferPointer? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        }
        func number() -> Int? { take(4).map { Int($0.loadUnaligned(as: UInt32.self)) } }
        guard let count = number() else { return }
        for _ in 0..<count {
            guard let nameLength = number(), let valueLength = number(), let name = take(nameLength),
                take(1)?.first == 0,
                let value = take(valueLength), body(name, value)
            else { return }
        }
    }
}
