import Glibc
import HermesSupport

/// The body of a request while it is sent. Event-loop thread only, after `init`.
final class HTTPUpload {
    /// The body's length in bytes.
    let size: Int64
    private let bytes: [UInt8]
    private let file: Int32?
    private var offset: Int64 = 0

    /// Opens the file of a body. Returns nil without a body; throws the file error of a file that cannot be opened.
    init?(_ body: HTTPRequest.Body) throws {
        switch body {
        case .none: return nil
        case .bytes(let bytes):
            self.bytes = bytes
            size = Int64(bytes.count)
            file = nil
        case .file(let path, let size):
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw HermesError.file("read", path, .last) }
            file = descriptor
            bytes = []
            self.size = size
        }
    }

    deinit { if let file { close(file) } }

    /// Goes back, when libcurl has to send again over a new connection.
    func rewind(to offset: Int64) { self.offset = min(max(0, offset), size) }

    /// Copies the next bytes; 0 at the end, nil when the file cannot be read or is shorter than it was said to be.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = Int(min(Int64(buffer.count), size - offset))
        guard count > 0 else { return 0 }
        if let file {
            let read = pread(file, buffer.baseAddress, count, Int(offset))
            guard read > 0 else { return nil }
            offset += Int64(read)
            return read
        }
        // `offset` is at most `size`, which is the array's count here.
        bytes.withUnsafeBytes { source in
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[Int(offset)..<Int(offset) + count]))
        }
        offset += Int64(count)
        return count
    }
}
