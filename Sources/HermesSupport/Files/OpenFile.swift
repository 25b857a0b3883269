import Glibc

/// An open file descriptor, closed when the last reference goes.
///
/// Safe for use from any thread: all reads and writes are at explicit offsets.
package final class OpenFile: Sendable {
    /// The descriptor; valid as long as this object lives.
    package let descriptor: Int32
    /// The path it was opened with, for messages.
    package let path: String

    /// Takes over an open descriptor.
    package init(owning descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens `path` with open(2)'s flags (O_CLOEXEC is added). Throws the file error of `path`.
    package convenience init(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws {
        let descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw HermesError.file("open", path, .last) }
        self.init(owning: descriptor, path: path)
    }

    deinit { close(descriptor) }

    /// The file's size in bytes.
    package func size() throws -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw HermesError.file("read", path, .last) }
        return Int64(status.st_size)
    }

    /// Fills `buffer` from `offset`; returns fewer bytes only at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw HermesError.file("read", path, .last)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + done)
            if count < 0 {
                if errno == EINTR { continue }
                throw HermesError.file("write", path, .last)
            }
            done += count
        }
    }

    /// Flushes data and metadata to the disk.
    package func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw HermesError.file("write", path, .last) }
    }
}
