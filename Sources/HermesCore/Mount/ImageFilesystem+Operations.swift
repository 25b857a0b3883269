import CFuse
import Glibc

/// The image never changes, so what the kernel has learned of it never expires. In seconds; the kernel cuts it to its range.
private let forever: Double = 1e9

private func slots(_ request: fuse_req_t) -> Unmanaged<ImageSlots> {
    // The session was made with this pointer, and the object outlives it (FuseSession keeps it).
    Unmanaged.fromOpaque(UnsafeRawPointer(fuse_req_userdata(request)))
}

/// Runs an operation on the image that an inode belongs to, with the inode's number in the image's own tree.
@inline(__always)
private func onImage(_ request: fuse_req_t, _ number: fuse_ino_t, _ body: (ImageFilesystem, UInt64) -> Void) {
    let image = slots(request)._withUnsafeGuaranteedRef { $0.image(UInt64(number)) }
    guard let image else {
        // An image of an earlier process that could not be opened again: no answer but this one is certain to be right.
        fuse_reply_err(request, EIO)
        return
    }
    image._withUnsafeGuaranteedRef { image in
        image.digest.serving { body(image, UInt64(number) &- image.base) }
    }
}

/// Runs an operation on the root folder of many images; false for any other inode.
@inline(__always)
private func onRootFolder(_ request: fuse_req_t, _ number: fuse_ino_t, _ body: (ImageSlots) -> Void) -> Bool {
    guard number == 1 else { return false }
    return slots(request)._withUnsafeGuaranteedRef { slots in
        guard slots.isRootFolder(number) else { return false }
        body(slots)
        return true
    }
}

/// The kernel gives references to an inode back.
private func forget(_ request: fuse_req_t, _ number: fuse_ino_t, _ count: UInt64) {
    slots(request)._withUnsafeGuaranteedRef { $0.forgotten(UInt64(number), Int(clamping: count)) }
}

private func negotiate(_ connection: inout fuse_conn_info) {
    let wanted =
        FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS | FUSE_CAP_NO_OPEN_SUPPORT
        | FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_CACHE_SYMLINKS
        // Pages go when attributes that have expired come back with another time: those of the state folder alone expire.
        | FUSE_CAP_AUTO_INVAL_DATA
    connection.want = connection.capable & UInt32(wanted)
    // libfuse derives max_pages from max_write: reads of up to 1 MiB (kernel 4.20).
    connection.max_write = 1 << 20
    // The same as the mount option: libfuse wants to be told twice.
    connection.max_read = 1 << 20
    connection.max_readahead = 8 << 20
    // The kernel holds back what it sends for its read-ahead beyond this, for all images together. So it is far above the
    // reads that one image may leave waiting (SpanScheduler.waitingLimit).
    connection.max_background = 32_768
    connection.congestion_threshold = 24_576
    connection.time_gran = 1
}

extension ImageFilesystem {
    /// The table of FUSE operations (libfuse 3.14's low-level API). The session's user data is an unretained `ImageSlots`,
    /// which outlives the session. Absent operations answer ENOSYS.
    static func operations() -> fuse_lowlevel_ops {
        var table = fuse_lowlevel_ops()
        table.`init` = { _, connection in
            guard let connection else { return }
            negotiate(&connection.pointee)
        }
        table.lookup = { request, parent, name in
            guard let request, let name else { return }
            guard !onRootFolder(request, parent, { $0.lookUpInRoot(request, name) }) else { return }
            onImage(request, parent) { $0.lookUp(request, $1, name) }
        }
        table.getattr = { request, number, file in
            guard let request else { return }
            guard !onRootFolder(request, number, { $0.rootAttributes(request) }) else { return }
            // The kernel names an open file before it reads it, and none for stat(2).
            onImage(request, number) { $0.getAttributes(request, $1, isRead: file != nil) }
        }
        table.readlink = { request, number in
            guard let request else { return }
            onImage(request, number) { $0.readLink(request, $1) }
        }
        // ENOSYS to open and opendir: the kernel then neither asks again nor sends release, and keeps its caches.
        table.open = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.opendir = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.read = { request, number, size, offset, _ in
            guard let request else { return }
            onImage(request, number) { $0.read(request, $1, size, offset) }
        }
        table.readdir = { request, number, size, offset, _ in
            guard let request else { return }
            guard !onRootFolder(request, number, { $0.listRoot(request, size, offset, plus: false) }) else { return }
            onImage(request, number) { $0.readDirectory(request, $1, size, offset, plus: false) }
        }
        table.readdirplus = { request, number, size, offset, _ in
            guard let request else { return }
            guard !onRootFolder(request, number, { $0.listRoot(request, size, offset, plus: true) }) else { return }
            onImage(request, number) { $0.readDirectory(request, $1, size, offset, plus: true) }
        }
        table.getxattr = { request, number, name, size in
            guard let request, let name else { return }
            guard !onRootFolder(request, number, { _ in fuse_reply_err(request, ENODATA) }) else { return }
            onImage(request, number) { $0.getXattr(request, $1, name, size) }
        }
        table.listxattr = { request, number, size in
            guard let request else { return }
            guard !onRootFolder(request, number, { _ in fuse_reply_err(request, ENOTSUP) }) else { return }
            onImage(request, number) { $0.listXattrs(request, $1, size) }
        }
        table.statfs = { request, number in
            guard let request else { return }
            var nothing = statvfs()
            guard !onRootFolder(request, number, { _ in fuse_reply_statfs(request, &nothing) }) else { return }
            onImage(request, number) { image, _ in image.statFilesystem(request) }
        }
        table.forget = { request, number, count in
            guard let request else { return }
            forget(request, number, count)
            fuse_reply_none(request)
        }
        table.forget_multi = { request, count, items in
            guard let request else { return }
            for index in 0..<(items == nil ? 0 : count) {
                guard let item = items?[index] else { break }
                forget(request, item.ino, item.nlookup)
            }
            fuse_reply_none(request)
        }
        return table
    }

    /// Answers the lookup of the image's root, which was counted; false when the kernel did not take the answer.
    func replyRoot(_ request: fuse_req_t) -> Bool {
        var parameters = fuse_entry_param()
        parameters.attr_timeout = forever
        parameters.entry_timeout = forever
        parameters.ino = fuse_ino_t(base + 1)
        if let inode = tree.inode(1) { tree.fill(&parameters.attr, base + 1, inode) }
        guard !failsBroken(request) else { return false }
        return fuse_reply_entry(request, &parameters) == 0
    }

    private func lookUp(_ request: fuse_req_t, _ parent: UInt64, _ name: UnsafePointer<CChar>) {
        guard let directory = tree.inode(parent), directory.pointee.mode & S_IFMT == S_IFDIR else {
            guard !failsBroken(request) else { return }
            if !lookUpState(request, parent, name) { fuse_reply_err(request, ENOTDIR) }
            return
        }
        var parameters = fuse_entry_param()
        parameters.attr_timeout = forever
        parameters.entry_timeout = forever
        // An answer with inode 0 is a name that does not exist, remembered like one that does.
        let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
        if let number = tree.lookUp(bytes, in: directory), let inode = tree.inode(number) {
            parameters.ino = fuse_ino_t(base + number)
            tree.fill(&parameters.attr, base + number, inode)
        }
        guard !failsBroken(request) else { return }
        if parameters.ino != 0 {
            lookedUp(1)
        } else if lookUpState(request, parent, name) {
            return
        }
        // An answer that the kernel did not take gives it no reference.
        if fuse_reply_entry(request, &parameters) != 0, parameters.ino != 0 { forgotten(1) }
    }

    private func getAttributes(_ request: fuse_req_t, _ number: UInt64, isRead: Bool) {
        guard let inode = tree.inode(number) else {
            return stateAttributes(request, number, isRead: isRead)
        }
        var status = stat()
        tree.fill(&status, base + number, inode)
        guard !failsBroken(request) else { return }
        fuse_reply_attr(request, &status, forever)
    }

    private func readLink(_ request: fuse_req_t, _ number: UInt64) {
        guard let record = tree.inode(number)?.pointee, record.mode & S_IFMT == S_IFLNK else {
            if !failsBroken(request) { fuse_reply_err(request, EINVAL) }
            return
        }
        // A copy, as the tree is looked at for the last time before the answer. The strings end each target with a NUL.
        let target = Array(UnsafeBufferPointer(start: tree.strings + Int(record.data), count: Int(record.size))) + [0]
        guard !failsBroken(request) else { return }
        fuse_reply_readlink(request, target)
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
