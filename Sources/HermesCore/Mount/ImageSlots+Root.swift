import CFuse
import Glibc
import HermesSupport

/// The root folder of a mount of many images: only root can enter it, as images may hold secrets. What it answers is not
/// remembered by the kernel for longer than it is true, except the entry of an image, which `LazyMounts` takes back.
extension ImageSlots {
    /// Whether an inode is the root folder.
    func isRootFolder(_ number: fuse_ino_t) -> Bool { number == 1 && image(1) == nil }

    func lookUpInRoot(_ request: fuse_req_t, _ name: UnsafePointer<CChar>) {
        guard let image = lookUp(String(cString: name)) else {
            fuse_reply_err(request, ENOENT)
            return
        }
        guard image.replyRoot(request) else { return image.forgotten(1) }
    }

    func rootAttributes(_ request: fuse_req_t) {
        var status = attributes(list().changed)
        fuse_reply_attr(request, &status, 0)
    }

    private func attributes(_ changed: Timestamp) -> stat {
        var status = stat()
        status.st_ino = 1
        status.st_mode = S_IFDIR | 0o700
        status.st_nlink = 2
        status.st_uid = geteuid()
        status.st_gid = getegid()
        status.st_size = 4096
        status.st_blksize = 4096
        // The kernel keeps a listing until this time changes.
        status.st_mtim = timespec(tv_sec: Int(changed.seconds), tv_nsec: Int(changed.nanoseconds))
        status.st_ctim = status.st_mtim
        status.st_atim = status.st_mtim
        return status
    }

    /// Answers readdir and readdirplus. 0 is ".", 1 is "..", then the images; they are looked up when they are used.
    func listRoot(_ request: fuse_req_t, _ size: Int, _ offset: off_t, plus: Bool) {
        let names = [".", ".."] + list().names
        // As long as all names together at most, of which a file system has few: the kernel asks for what does not fit.
        var buffer: [CChar] = Array(repeating: 0, count: min(max(size, 0), 128 << 10))
        var used = 0
        for position in min(max(0, Int(offset)), names.count)..<names.count {
            var parameters = fuse_entry_param()
            parameters.attr.st_ino = 1
            parameters.attr.st_mode = S_IFDIR
            let room = buffer.count - used
            let needed = buffer.withUnsafeMutableBufferPointer { buffer -> Int in
                let target = buffer.baseAddress.map { $0 + used }
                return plus
                    ? fuse_add_direntry_plus(request, target, room, names[position], &parameters, off_t(position + 1))
                    : fuse_add_direntry(request, target, room, names[position], &parameters.attr, off_t(position + 1))
            }
            guard needed <= room else { break }
            used += needed
        }
        fuse_reply_buf(request, buffer, used)
    }
}
