import Glibc
import HermesSupport

/// A connection to one of the sockets beside the one on which a daemon answers containerd. To be used from one thread at a time.
final class DaemonSocket: Sendable {
    /// The longest document that is read, in bytes: 4,096 images with an error each are 6 MiB, and 10,000 files with paths of 4,096
    /// bytes 40 MiB.
    private static let sizeLimit = 64 << 20
    /// Milliseconds that a daemon has to answer.
    private static let patience = 10_000

    private let path: String
    private let descriptor: Int32

    /// Connects to `path`. Throws `unavailable` where no daemon answers, `denied` where the caller may not ask.
    init(_ path: String) throws {
        self.path = path
        do {
            descriptor = try UnixSocket.connect(path)
        } catch let error as SystemError where error.number == ENOENT || error.number == ECONNREFUSED {
            throw HermesError(
                .unavailable, "no daemon answers on the socket \(path)", cause: error,
                advice: "hermes daemon has to run, with the same --address")
        } catch let error as SystemError {
            throw HermesError.file("ask", path, error)
        }
    }

    deinit { close(descriptor) }

    /// Sends a text that fits the socket's buffer. Throws the error of the failed call.
    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw HermesError.file("write to", path, .last)
        }
    }

    /// Reads up to and without the next line feed, or to the end of the stream where there is none or `isWhole` is set. Blocks. Throws
    /// `unavailable` where the daemon is silent for too long, `corrupt` for a longer answer than any is.
    func read(isWhole: Bool) throws -> [UInt8] {
        let deadline = Monotonic.now().adding(milliseconds: Self.patience)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let rest = Int32(clamping: Int(deadline.milliseconds(since: .now())))
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard rest > 0, poll(&wait, 1, rest) != 0 else {
                throw HermesError(.unavailable, "the daemon did not answer on \(path) in \(Self.patience / 1000) s")
            }
            let count = recv(descriptor, &buffer, isWhole ? buffer.count : 1, 0)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            // It was killed before it took the connection.
            guard count >= 0 || errno != ECONNRESET else {
                throw HermesError(.unavailable, "the daemon on \(path) ended before it answered")
            }
            guard count >= 0 else { throw HermesError.file("read", path, .last) }
            guard count > 0, isWhole || buffer[0] != UInt8(ascii: "\n") else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= Self.sizeLimit else {
                throw HermesError(.corrupt, "the daemon's answer is longer than \(Self.sizeLimit) bytes")
            }
        }
    }
}
