import CLinux
import Glibc

/// Sockets with a path (unix(7)).
package enum UnixSocket {
    /// Bytes of a path that fit an address, its end not counted.
    package static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// Makes a listening socket that only its owner may use, in place of one that nobody listens at. Throws `unavailable`
    /// when another process answers there, `usage` for a path that is too long, else the error of the failed call.
    package static func listen(_ path: String, type: __socket_type = SOCK_STREAM) throws -> Int32 {
        // Under another name first, so that the path never names a socket that others may use, or that nobody listens at.
        let new = "\(path).new"
        guard new.utf8.count <= longestPath else {
            throw HermesError(.usage, "the socket's path \(path) is longer than \(longestPath - 4) bytes")
        }
        guard try !answers(path, type) else {
            throw HermesError(.unavailable, "another process answers on the socket \(path)")
        }
        let descriptor = try make(type)
        do {
            unlink(new)
            let status = withAddress(new) { bind(descriptor, $0, $1) }
            guard status == 0, chmod(new, 0o600) == 0, Glibc.listen(descriptor, 128) == 0, rename(new, path) == 0 else {
                throw HermesError.file("listen on", path, .last)
            }
            return descriptor
        } catch {
            close(descriptor)
            unlink(new)
            throw error
        }
    }

    /// Whether a process listens on the socket at `path`.
    private static func answers(_ path: String, _ type: __socket_type) throws -> Bool {
        let descriptor = try make(type)
        defer { close(descriptor) }
        guard withAddress(path, { Glibc.connect(descriptor, $0, $1) }) != 0 else { return true }
        switch errno {
        case ENOENT, ECONNREFUSED: return false
        // Its queue is full.
        case EAGAIN: return true
        default: throw HermesError.file("listen on", path, .last)
        }
    }

    /// A connection to the socket at `path`, which does not block. Throws the error of the failed call as
    /// `SystemError`, else as `listen`.
    package static func connect(_ path: String, type: __socket_type = SOCK_STREAM) throws -> Int32 {
        guard path.utf8.count <= longestPath else { throw HermesError(.usage, "the socket's path \(path) is too long") }
        let descriptor = try make(type)
        guard withAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let error = SystemError.last
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// The process that listens at `path`; nil where none does, or it cannot be told.
    package static func peer(of path: String) -> Int32? {
        guard let descriptor = try? connect(path) else { return nil }
        defer { close(descriptor) }
        let process = hermes_peer_process(descriptor)
        return process > 0 ? process : nil
    }

    /// Sends one datagram to the socket at `path`; a leading "@" means a name without a file. Throws as `listen`.
    package static func send(_ text: String, to path: String) throws {
        guard path.utf8.count <= longestPath else { throw HermesError(.usage, "the socket's path \(path) is too long") }
        let descriptor = try make(SOCK_DGRAM)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let sent = withAddress(path) { sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) }
        guard sent == bytes.count else { throw HermesError.file("send to", path, .last) }
    }

    private static func make(_ type: __socket_type) throws -> Int32 {
        let flags = Int32(type.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw HermesError(.system, "cannot make a socket", cause: SystemError.last) }
        return descriptor
    }

    /// Lends the address of a path of at most `longestPath` bytes.
    private static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8.prefix(longestPath))
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        // A name without a file is as long as the address says; a path ends with its zero.
        let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map {
            $0 + bytes.count + (bytes.first == 0 ? 0 : 1)
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(length ?? MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
