import Glibc

/// Whole small files.
package enum LocalFile {
    /// Reads a file of at most `limit` bytes. Throws the error of the failed call, or `corrupt` for a larger one.
    package static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw HermesError.file("read", path, .last) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw HermesError.file("read", path, .last) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw HermesError.file("read", path, SystemError(EISDIR))
        }
        guard status.st_size <= limit else {
            throw HermesError(.corrupt, "\(path) is larger than \(limit) bytes")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw HermesError.file("read", path, .last) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw HermesError(.corrupt, "\(path) is larger than \(limit) bytes")
            }
        }
    }
}
