import CFuse
import Glibc

/// The kernel's requests about the state folder. Every operation comes here only for an inode, or a name in the root,
/// that the image does not have.
extension ImageFilesystem {
    /// The time for entries that never expire, in seconds.
    private static let forever: Double = 1e9

    /// Answers the lookup of a name that the image lacks; false when the state folder does not have the name either.
    func lookUpState(_ request: fuse_req_t, _ parent: UInt64, _ name: UnsafePointer<CChar>) -> Bool {
        var parameters = fuse_entry_param()
        if parent == 1, base == 0, StateFolder.isEqual(name, StateFolder.name) {
            parameters.ino = fuse_ino_t(StateFolder.number)
            parameters.attr = state.folderAttributes()
            parameters.attr_timeout = Self.forever
            parameters.entry_timeout = Self.forever
        } else if parent == StateFolder.number {
            if let file = StateFolder.file(named: name) {
                parameters.ino = fuse_ino_t(file.number)
                parameters.attr = attributes(file, .path)
            } else {
                // A name that does not exist, and never will.
                parameters.entry_timeout = Self.forever
            }
        } else {
            return false
        }
        fuse_reply_entry(request, &parameters)
        return true
    }

    /// Answers getattr for an inode that the image lacks. `isRead` says that the kernel asks before it reads.
    func stateAttributes(_ request: fuse_req_t, _ number: UInt64, isRead: Bool) {
        if let file = StateFolder.file(number) {
            var status = attributes(file, isRead ? .reading : .path)
            fuse_reply_attr(request, &status, 0)
        } else if number == StateFolder.number {
            var status = state.folderAttributes()
            fuse_reply_attr(request, &status, Self.forever)
        } else {
            fuse_reply_err(request, ENOENT)
        }
    }

    private func attributes(_ file: StateFolder.File, _ access: StateSnapshot.Access) -> stat {
        state.withContents(file, access, make: { contents(file) }) { bytes, time in
            state.attributes(file, size: bytes.count, time)
        }
    }

    /// Answers a read of an inode that is not a regular file of the image.
    func readState(_ request: fuse_req_t, _ number: UInt64, _ size: Int, _ offset: off_t) {
        guard let file = StateFolder.file(number), offset >= 0 else {
            fuse_reply_err(request, EINVAL)
            return
        }
        state.withContents(file, .reading, make: { contents(file) }) { bytes, _ in
            bytes.withUnsafeBytes { bytes in
                let start = min(offset, bytes.count)
                // Within the contents by both `min`.
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + min(size, bytes.count - start)])
                _ = fuse_reply_buf(request, part.baseAddress?.assumingMemoryBound(to: CChar.self), part.count)
            }
        }
    }

    /// Answers readdir and readdirplus of an inode that is not a folder of the image: 0 is ".", 1 "..", then the files.
    func readStateFolder(_ request: fuse_req_t, _ number: UInt64, _ size: Int, _ offset: off_t, plus: Bool) {
        guard number == StateFolder.number else {
            fuse_reply_err(request, ENOTDIR)
            return
        }
        let entries: [(name: StaticString, number: UInt64, mode: UInt32)] =
            [(".", number, S_IFDIR), ("..", 1, S_IFDIR)]
            + StateFolder.File.allCases.map { ($0.name, $0.number, S_IFREG) }
        // All four fit into the smallest buffer that a kernel sends, a page.
        var buffer: [CChar] = Array(repeating: 0, count: min(max(size, 0), 4096))
        var used = 0
        for (position, entry) in entries.enumerated().dropFirst(min(max(0, Int(offset)), entries.count)) {
            // A static string is NUL-terminated.
            let name = UnsafeRawPointer(entry.name.utf8Start).assumingMemoryBound(to: CChar.self)
            var parameters = fuse_entry_param()
            parameters.attr.st_ino = UInt(entry.number)
            parameters.attr.st_mode = entry.mode
            let room = buffer.count - used
            let needed = buffer.withUnsafeMutableBufferPointer { buffer -> Int in
                let target = buffer.baseAddress.map { $0 + used }
                // With an inode of 0 in the parameters the kernel takes the name alone, and looks it up when it is used.
                return plus
                    ? fuse_add_direntry_plus(request, target, room, name, &parameters, off_t(position + 1))
                    : fuse_add_direntry(request, target, room, name, &parameters.attr, off_t(position + 1))
            }
            guard needed <= room else { break }
            used += needed
        }
        fuse_reply_buf(request, buffer, used)
    }
}
