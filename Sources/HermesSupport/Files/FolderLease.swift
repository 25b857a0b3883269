import Glibc

/// A folder that is in use: a lock on it (flock(2)) that other processes respect before they remove it. It ends with this
/// object, or with the process.
///
/// A process that uses the files in a folder holds a shared lease. A process that removes the folder holds the lease
/// alone meanwhile. Every lease has an open file of its own, so that leases exclude each other within a process as
/// well.
package final class FolderLease: Sendable {
    /// The open folder.
    package let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes a shared lease. A symbolic link is no folder here. Waits for a process that is removing the folder at this moment, and throws `notFound` when
    /// the folder is gone.
    package static func shared(_ path: String) throws -> FolderLease {
        let lease = try FolderLease(opening: path, O_NOFOLLOW)
        while flock(lease.descriptor, LOCK_SH) != 0 {
            guard errno == EINTR else { throw HermesError.file("lock", path, .last) }
        }
        guard lease.isStill(path) else { throw HermesError.file("use", path, SystemError(ENOENT)) }
        return lease
    }

    /// Takes the only lease; nil when a process uses the folder, or the folder is gone. `flags` are added to those of
    /// open(2): O_NOFOLLOW where a symbolic link must not lead elsewhere.
    package static func alone(_ path: String, _ flags: Int32 = 0) -> FolderLease? {
        guard let lease = try? FolderLease(opening: path, flags), flock(lease.descriptor, LOCK_EX | LOCK_NB) == 0,
            lease.isStill(path)
        else { return nil }
        return lease
    }

    /// Takes the only lease as `alone`, and waits for it for so many milliseconds: a process that was killed has its leases until
    /// its last thread has left the kernel.
    package static func alone(_ path: String, within milliseconds: Int) -> FolderLease? {
        let limit = Monotonic.now().adding(milliseconds: milliseconds)
        while true {
            if let lease = alone(path) { return lease }
            guard Monotonic.now() < limit else { return nil }
            usleep(20_000)
        }
    }

    private convenience init(opening path: String, _ flags: Int32) throws {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags)
        guard folder >= 0 else { throw HermesError.file("use", path, .last) }
        self.init(folder)
    }

    /// Whether the path names the locked folder: between opening and locking it, another process may have removed it, and
    /// a third one made it anew. While the lock is held that cannot happen any more.
    private func isStill(_ path: String) -> Bool {
        var own = stat()
        var named = stat()
        return fstat(descriptor, &own) == 0 && stat(path, &named) == 0 && own.st_ino == named.st_ino
            && own.st_dev == named.st_dev
    }
}
