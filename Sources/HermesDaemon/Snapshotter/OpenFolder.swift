import Glibc
import HermesSupport

/// A folder that is open, so that what is done in it is done there whatever happens to its path: no symbolic link that a
/// container puts in the place of a folder leads elsewhere. One thread at a time.
final class OpenFolder {
    let descriptor: Int32

    convenience init(_ path: String) throws(SystemError) {
        try self.init(descriptor: open(path, Self.flags))
    }

    /// The folder `name` in another.
    convenience init(_ name: String, in folder: OpenFolder) throws(SystemError) {
        try self.init(descriptor: openat(folder.descriptor, name, Self.flags))
    }

    private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    private init(descriptor: Int32) throws(SystemError) {
        guard descriptor >= 0 else { throw .last }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The names in it, in no order.
    func names() throws(SystemError) -> [String] {
        // A description of its own, as a stream moves the position of the one that it reads.
        try FolderListing.names(in: "/proc/self/fd/\(descriptor)")
    }

    /// The attributes of an entry, of a link itself and not of what it names.
    func attributes(_ name: String) throws(SystemError) -> stat {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last }
        return status
    }

    /// Its own attributes.
    func attributes() throws(SystemError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last }
        return status
    }
}
