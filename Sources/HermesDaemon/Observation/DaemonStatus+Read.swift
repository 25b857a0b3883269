import Glibc
import HermesSupport

extension DaemonStatus {
    /// The longest document that is read, in bytes: 4,096 images with an error each are 6 MiB.
    private static let sizeLimit = 64 << 20
    /// Milliseconds that a daemon has to answer.
    private static let patience = 10_000

    /// Asks the daemon that answers containerd at `address`. Blocks. Throws `unavailable` where none answers, `denied` where
    /// the caller may not ask, `corrupt` for an answer that is none.
    package static func read(from address: String) throws -> DaemonStatus {
        let path = socket(beside: address)
        let descriptor: Int32
        do {
            descriptor = try UnixSocket.connect(path)
        } catch let error as SystemError where error.number == ENOENT || error.number == ECONNREFUSED {
            throw HermesError(
                .unavailable, "no daemon answers on the socket \(path)", cause: error,
                advice: "hermes daemon has to run, with the same --address")
        } catch let error as SystemError {
            throw HermesError.file("ask", path, error)
        }
        defer { close(descriptor) }
        let bytes = try answer(descriptor, path, until: .now().adding(milliseconds: patience))
        return try JSON.decode(DaemonStatus.self, from: bytes, name: "the daemon's answer")
    }

    /// Reads to the end of the stream.
    private static func answer(_ descriptor: Int32, _ path: String, until deadline: Monotonic) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let rest = Int32(clamping: Int(deadline.milliseconds(since: .now())))
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard rest > 0, poll(&wait, 1, rest) != 0 else {
                throw HermesError(.unavailable, "the daemon did not answer on \(path) in \(patience / 1000) s")
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else { throw HermesError.file("read", path, .last) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= sizeLimit else {
                throw HermesError(.corrupt, "the daemon's answer is longer than \(sizeLimit) bytes")
            }
        }
    }
}
