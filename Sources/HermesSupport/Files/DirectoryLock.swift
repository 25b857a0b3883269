import Glibc

/// An advisory lock on a folder (flock(2)), which needs no file of its own and ends with its holder.
package struct DirectoryLock {
    private let path: String

    package init(_ path: String) { self.path = path }

    /// Runs `body` while no other thread or process holds the lock. Waits up to a minute for it, then throws
    /// `cannotCreate`.
    package func withLock<Result>(_ body: () throws -> Result) throws -> Result {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw HermesError.file("lock", path, .last) }
        defer { close(folder) }
        let deadline = ContinuousClock.now + .seconds(60)
        while flock(folder, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw HermesError.file("lock", path, .last) }
            guard ContinuousClock.now < deadline else {
                throw HermesError(.cannotCreate, "\(path) is locked by another program that writes there")
            }
            usleep(20_000)
        }
        return try body()
    }
}
