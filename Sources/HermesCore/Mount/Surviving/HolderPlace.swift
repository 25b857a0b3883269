import CLinux
import Glibc
import HermesSupport

/// Where the holder of a mount is found: a socket in a private folder, named after the folder that is mounted on.
struct HolderPlace {
    /// The folder for the sockets of all holders.
    static let folder = "/run/hermes/holders"

    /// The folder that is mounted on, by its full path without symbolic links.
    let directory: String
    /// The holder's socket.
    let socket: String
    /// The file of the counts of a node's mount (`LookupCounts`), beside it. /run is in memory, as are the counts: no disk that
    /// is full or fails is in the way of an answer.
    var counts: String { "\(socket).counts" }

    /// Makes the private folder where it is missing. Asks no file system of the mount, which may have nobody who answers. Throws
    /// `cannotCreate` for a folder that cannot be reached, and as `PrivateFolder.make`.
    init(_ directory: String) throws {
        let descriptor = hermes_open_path(directory)
        guard descriptor >= 0 else {
            throw HermesError(.cannotCreate, "cannot mount on \(directory)", cause: SystemError.last)
        }
        let file = OpenFile(owning: descriptor, path: directory)
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(file.descriptor)", &bytes, bytes.count)
        guard count > 0 else { throw HermesError.file("find", directory, .last) }
        let path = bytes[..<count].map { UInt8(bitPattern: $0) }
        self.directory = String(decoding: path, as: UTF8.self)
        for folder in ["/run/hermes", Self.folder] { try PrivateFolder.make(folder) }
        // Half of the digest: a socket's path has 107 bytes at most.
        socket = "\(Self.folder)/\(Digest.of(path).hex.prefix(32))"
    }
}
