import Glibc

extension Array where Element == UInt8 {
    /// The whole of the file at `path`, which may be a pipe or a file of /proc. Throws `corrupt` past `limit` bytes.
    public init(readingFile path: String, limit: Int) throws {
        let file = try OpenFile(path, O_RDONLY)
        var bytes: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 8)
        defer { chunk.deallocate() }
        while true {
            let count = Glibc.read(file.descriptor, chunk.baseAddress, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw HermesError.file("read", path, .last)
            }
            if count == 0 { break }
            guard bytes.count + count <= limit else {
                throw HermesError(.corrupt, "\(path) is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        self = bytes
    }
}

extension String {
    /// The whole of the small text file at `path`.
    public init(readingFile path: String, limit: Int) throws {
        self.init(decoding: try [UInt8](readingFile: path, limit: limit), as: UTF8.self)
    }
}
