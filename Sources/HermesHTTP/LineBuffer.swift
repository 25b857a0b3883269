import Glibc

/// Cuts bytes that come in pieces into lines that end with LF or CRLF. A value; each byte is looked at once.
struct LineBuffer {
    /// The longest line in bytes, without its end.
    let limit: Int
    private var bytes: [UInt8] = []
    /// Where the first line that was not taken begins.
    private var start = 0
    /// The place of the first LF from `start` on; nil when there is none.
    private var end: Int?

    init(limit: Int) { self.limit = limit }

    /// How many bytes are held that are not taken.
    var count: Int { bytes.count - start }

    /// Whether a line is complete.
    var hasLine: Bool { end != nil }

    /// Whether the buffer begins with a line that is too long, however it goes on.
    var isOverlong: Bool {
        // One more may be the CR of its end.
        end == nil && count > limit && (count - 1 > limit || bytes.last != UInt8(ascii: "\r"))
    }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        // The rest is moved only when it is shorter than the part that is freed.
        if start > bytes.count / 2 {
            bytes.removeSubrange(..<start)
            end = end.map { $0 - start }
            start = 0
        }
        let old = bytes.count
        bytes.append(contentsOf: more)
        if end == nil { end = newline(from: old) }
    }

    /// Takes the next complete line, without its end; nil when no line is complete. Throws `LineTooLong`.
    mutating func next() throws(LineTooLong) -> [UInt8]? {
        guard let lineEnd = end else { return nil }
        let line = try line(upTo: lineEnd)
        start = lineEnd + 1
        end = newline(from: start)
        return line
    }

    /// Takes the bytes behind the last LF, once no more bytes come; nil when no bytes are left. Throws `LineTooLong`.
    mutating func rest() throws(LineTooLong) -> [UInt8]? {
        guard count > 0 else { return nil }
        // Without its LF a CR is a byte like others.
        guard count <= limit else { throw LineTooLong() }
        defer { removeAll() }
        return Array(bytes[start...])
    }

    mutating func removeAll() {
        bytes = []
        start = 0
        end = nil
    }

    private func line(upTo lineEnd: Int) throws(LineTooLong) -> [UInt8] {
        let hasCR = lineEnd > start && bytes[lineEnd - 1] == UInt8(ascii: "\r")
        let line = bytes[start..<(hasCR ? lineEnd - 1 : lineEnd)]
        guard line.count <= limit else { throw LineTooLong() }
        return Array(line)
    }

    private func newline(from place: Int) -> Int? {
        bytes.withUnsafeBytes { all in
            guard place < all.count, let base = all.baseAddress else { return nil }
            return memchr(base + place, Int32(UInt8(ascii: "\n")), all.count - place).map { base.distance(to: $0) }
        }
    }
}

/// A line of more bytes than its buffer's limit.
struct LineTooLong: Error {}
