import Glibc

/// A file that appears whole or not at all: written under a temporary name, then synced and renamed. One thread at a time.
package final class AtomicFile {
    /// How the names of files that are not complete begin.
    package static let temporaryPrefix = ".hermes-"

    private let temporary: String
    private var file: Int32

    /// Starts a file in a folder on the file system of its final place.
    package init(in folder: String) throws {
        temporary = "\(folder)/\(Self.temporaryPrefix)\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw HermesError.file("write in", folder, .last) }
    }

    deinit {
        guard file >= 0 else { return }
        close(file)
        unlink(temporary)
    }

    /// Adds bytes. Throws the error of the failed call.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(file, rest.baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw HermesError.file("write", temporary, .last) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Gives the file its name, in place of one that is there, and makes both last over a power failure.
    package func commit(to path: String, mode: mode_t = 0o644) throws {
        guard fchmod(file, mode) == 0, fsync(file) == 0 else { throw HermesError.file("write", path, .last) }
        guard rename(temporary, path) == 0 else { throw HermesError.file("write", path, .last) }
        close(file)
        file = -1
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw HermesError.file("sync", folder, .last) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw HermesError.file("sync", folder, .last) }
    }

    /// Writes a whole file.
    package static func write(_ bytes: [UInt8], to path: String, temporaryIn folder: String) throws {
        let file = try AtomicFile(in: folder)
        try bytes.withUnsafeBytes { try file.write($0) }
        try file.commit(to: path)
    }
}
