import CFuse
import Glibc

/// The image never changes, so what the kernel has learned of it never expires. In seconds; the kernel cuts it to its range.
private let forever: Double = 1e9

private func filesystem(_ request: fuse_req_t) -> Unmanaged<ImageFilesystem> {
    // The session was made with this pointer, and the object outlives it (FuseSession keeps it).
    Unmanaged.fromOpaque(UnsafeRawPointer(fuse_req_userdata(request)))
}

private func negotiate(_ connection: inout fuse_conn_info) {
    let wanted =
        FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS | FUSE_CAP_NO_OPEN_SUPPORT
        | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_EXPORT_SUPPORT
        // Pages go when attributes that have expired come back with another time: those of the state folder alone expire.
        | FUSE_CAP_AUTO_INVAL_DATA
    connection.want = connection.capable & UInt32(wanted)
    // libfuse derives max_pages from max_write: reads of up to 1 MiB (kernel 4.20).
    connection.max_write = 1 << 20
    // The same as the mount option: libfuse wants to be told twice.
    connection.max_read = 1 << 20
    connection.max_readahead = 8 << 20
    connection.max_background = 128
    connection.congestion_threshold = 96
    connection.time_gran = 1
}

extension ImageFilesystem {
    /// The table of FUSE operations (libfuse 3.14's low-level API). The session's user data is an unretained
    /// `ImageFilesystem`, which outlives the session.
    ///
    /// Absent operations answer ENOSYS, or for `forget` nothing: inode numbers are records of the tree and need no count.
    static func operations() -> fuse_lowlevel_ops {
        var table = fuse_lowlevel_ops()
        table.`init` = { _, connection in
            guard let connection else { return }
            negotiate(&connection.pointee)
        }
        table.lookup = { request, parent, name in
            guard let request, let name else { return }
            filesystem(request)._withUnsafeGuaranteedRef { $0.lookUp(request, parent, name) }
        }
        table.getattr = { request, number, file in
            guard let request else { return }
            // The kernel names an open file before it reads it, and none for stat(2).
            filesystem(request)._withUnsafeGuaranteedRef { $0.getAttributes(request, number, isRead: file != nil) }
        }
        table.readlink = { request, number in
            guard let request else { return }
            filesystem(request)._withUnsafeGuaranteedRef { $0.readLink(request, number) }
        }
        // ENOSYS to open and opendir: the kernel then neither asks again nor sends release, and keeps its caches.
        table.open = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.opendir = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.read = { request, number, size, offset, _ in
            guard let request else { return }
            filesystem(request)._withUnsafeGuaranteedRef { $0.read(request, number, size, offset) }
        }
        table.readdir = { request, number, size, offset, _ in
            guard let request else { return }
            filesystem(request)._withUnsafeGuaranteedRef {
                $0.readDirectory(request, number, size, offset, plus: false)
            }
        }
        table.readdirplus = { request, number, size, offset, _ in
            guard let request else { return }
            filesystem(request)._withUnsafeGuaranteedRef {
                $0.readDirectory(request, number, size, offset, plus: true)
            }
        }
        table.getxattr = { request, number, name, size in
            guard let request, let name else { return }
            filesystem(request)._withUnsafeGuaranteedRef { $0.getXattr(request, number, name, size) }
        }
        table.listxattr = { request, number, size in
            guard let request else { return }
            filesystem(request)._withUnsafeGuaranteedRef { $0.listXattrs(request, number, size) }
        }
        table.statfs = { request, _ in
            guard let request else { return }
            filesystem(request)._withUnsafeGuaranteedRef { $0.statFilesystem(request) }
        }
        table.forget = { request, _, _ in fuse_reply_none(request) }
        table.forget_multi = { request, _, _ in fuse_reply_none(request) }
        return table
    }

    private func lookUp(_ request: fuse_req_t, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>) {
        guard let directory = tree.inode(UInt64(parent)), directory.pointee.mode & S_IFMT == S_IFDIR else {
            if !lookUpState(request, UInt64(parent), name) { fuse_reply_err(request, ENOTDIR) }
            return
        }
        var parameters = fuse_entry_param()
        parameters.attr_timeout = forever
        parameters.entry_timeout = forever
        // An answer with inode 0 is a name that does not exist, remembered like one that does.
        let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
        if let number = tree.lookUp(bytes, in: directory), let inode = tree.inode(number) {
            parameters.ino = fuse_ino_t(number)
            tree.fill(&parameters.attr, number, inode)
        } else if lookUpState(request, UInt64(parent), name) {
            return
        }
        fuse_reply_entry(request, &parameters)
    }

    private func getAttributes(_ request: fuse_req_t, _ number: fuse_ino_t, isRead: Bool) {
        guard let inode = tree.inode(UInt64(number)) else {
            return stateAttributes(request, UInt64(number), isRead: isRead)
        }
        var status = stat()
        tree.fill(&status, UInt64(number), inode)
        fuse_reply_attr(request, &status, forever)
    }

    private func readLink(_ request: fuse_req_t, _ number: fuse_ino_t) {
        guard let inode = tree.inode(UInt64(number)), inode.pointee.mode & S_IFMT == S_IFLNK else {
            fuse_reply_err(request, EINVAL)
            return
        }
        // The strings end each target with a NUL.
        fuse_reply_readlink(request, tree.strings + Int(inode.pointee.data))
    }

    private func statFilesystem(_ request: fuse_req_t) {
        var status = statvfs()
        status.f_bsize = 4096
        status.f_frsize = 4096
        status.f_blocks = (fsblkcnt_t(clamping: tree.contentSize) + 4095) / 4096
        status.f_files = fsfilcnt_t(tree.inodeCount)
        status.f_namemax = 255
        fuse_reply_statfs(request, &status)
    }
}
