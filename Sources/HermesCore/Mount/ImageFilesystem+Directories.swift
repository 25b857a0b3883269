import CFuse
import CLinux
import Glibc

extension ImageFilesystem {
    /// Answers readdir and readdirplus. Offsets count entries: 0 is ".", 1 is "..", n + 2 is entry n.
    func readDirectory(_ request: fuse_req_t, _ number: UInt64, _ size: Int, _ offset: off_t, plus: Bool) {
        guard let directory = tree.inode(number), directory.pointee.mode & S_IFMT == S_IFDIR else {
            guard !failsBroken(request) else { return }
            return readStateFolder(request, number, size, offset, plus: plus)
        }
        let size = min(size, 1 << 20)
        guard let memory = hermes_thread_buffer(size) else {
            fuse_reply_err(request, ENOMEM)
            return
        }
        let buffer = memory.assumingMemoryBound(to: CChar.self)
        var used = 0
        // The kernel gets a reference with each entry that has an inode.
        var references = 0
        var position = max(0, Int(offset))
        let count = Int(directory.pointee.size) + 2
        while position < count {
            let (name, child) = entry(position, of: number, directory)
            guard let inode = tree.inode(child) else { break }
            let needed: Int
            if plus {
                var parameters = fuse_entry_param()
                tree.fill(&parameters.attr, base + child, inode)
                // The kernel takes no reference through "." and "..", so these give none.
                parameters.ino = position < 2 ? 0 : fuse_ino_t(base + child)
                parameters.attr_timeout = 1e9
                parameters.entry_timeout = 1e9
                needed = fuse_add_direntry_plus(
                    request, buffer + used, size - used, name, &parameters, off_t(position + 1))
            } else {
                var status = stat()
                status.st_ino = UInt(base + child)
                status.st_mode = inode.pointee.mode
                needed = fuse_add_direntry(
                    request, buffer + used, size - used, name, &status, off_t(position + 1))
            }
            // An entry that does not fit is not written; the kernel asks for it next.
            guard needed <= size - used else { break }
            used += needed
            if plus, position >= 2 { references += 1 }
            position += 1
        }
        guard !failsBroken(request) else { return }
        lookedUp(references)
        if fuse_reply_buf(request, buffer, used) != 0 { forgotten(references) }
    }

    private func entry(
        _ position: Int, of number: UInt64, _ directory: UnsafePointer<InodeRecord>
    ) -> (UnsafePointer<CChar>, UInt64) {
        switch position {
        case 0: return (constant("."), number)
        case 1: return (constant(".."), UInt64(directory.pointee.parent))
        default:
            let entry = tree.entries + (Int(directory.pointee.data) + position - 2)
            // The strings end each name with a NUL.
            return (tree.strings + Int(entry.pointee.name), UInt64(entry.pointee.inode))
        }
    }

    private func constant(_ text: StaticString) -> UnsafePointer<CChar> {
        // A static string is NUL-terminated and lives for ever; UInt8 and CChar have one layout.
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
