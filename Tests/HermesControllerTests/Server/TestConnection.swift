import Glibc
import HermesSupport
import HermesTestKit

/// A connection to a server on loopback, byte by byte. One thread at a time, which blocks; after 60 seconds without a byte a call
/// throws.
final class TestConnection {
    /// An answer as it came.
    struct Answer {
        var status: Int
        /// By their names in lower case.
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let socket: Int32
    private var buffer: [UInt8] = []

    /// `room` is the size of the receive buffer in bytes, if it matters.
    init(_ port: Int, room: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var room { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size)) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw SystemError.last }
    }

    deinit { close(socket) }

    /// Sends bytes; a connection that the server has ended takes some, or none.
    func send(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a request of that path, and reads the answer.
    func ask(_ target: String, method: String = "GET", _ headers: [String] = []) throws -> Answer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: localhost"] + headers + ["", ""]
        send(lines.joined(separator: "\r\n"))
        return try answer(hasBody: method != "HEAD")
    }

    /// Reads the next answer.
    func answer(hasBody: Bool = true) throws -> Answer {
        var answer = try head()
        let length = hasBody && answer.status != 304 ? Int(answer.headers["content-length"] ?? "") ?? 0 : 0
        while buffer.count < length { try read() }
        answer.body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return answer
    }

    /// Reads the head of the next answer, and leaves its body.
    func head() throws -> Answer {
        let end = Array("\r\n\r\n".utf8)
        while buffer.firstRange(of: end) == nil { try read() }
        guard let range = buffer.firstRange(of: end) else { throw SystemError(EPROTO) }
        let text = String(decoding: buffer[..<range.lowerBound], as: UTF8.self)
        buffer.removeFirst(range.upperBound)
        let lines = text.split(separator: "\r\n")
        guard let first = lines.first, let status = Int(first.dropFirst(9).prefix(3)) else { throw SystemError(EPROTO) }
        let headers = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.startIndex
            return (line[..<colon].lowercased(), line[colon...].dropFirst().trimmingASCIISpace)
        }
        return Answer(status: status, headers: Dictionary(headers) { first, _ in first }, body: [])
    }

    /// Whether bytes have come that were not read.
    var hasBytes: Bool {
        var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return !buffer.isEmpty || poll(&wait, 1, 0) > 0
    }

    /// Reads so many bytes of a body.
    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try read() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads until the server ends the connection, and gives the number of bytes.
    func readToEnd() throws -> Int {
        var count = buffer.count
        buffer = []
        do {
            while true {
                try read()
                count += buffer.count
                buffer = []
            }
        } catch is Ended {
            return count
        }
    }

    /// The server has ended the connection.
    struct Ended: Error {}

    private func read() throws {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &piece, piece.count, 0)
        if count == 0 || (count < 0 && errno == ECONNRESET) { throw Ended() }
        guard count > 0 else { throw SystemError.last }
        buffer += piece[..<count]
    }
}
