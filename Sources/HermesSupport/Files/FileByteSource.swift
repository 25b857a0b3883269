import Glibc

/// A local file as a stream.
package final class FileByteSource: ByteSource {
    /// The file's length in bytes when it was opened.
    package let size: Int64
    private let path: String
    private let file: Int32

    /// Opens a file. Throws `notFound`, `denied` or `io`.
    package init(_ path: String) throws {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw HermesError.file("read", path, .last) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let error = SystemError.last
            close(file)
            throw HermesError.file("read", path, error)
        }
        size = Int64(status.st_size)
    }

    deinit { close(file) }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw HermesError.file("read", path, .last) }
        }
    }
}
