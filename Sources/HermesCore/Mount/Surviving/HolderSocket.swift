import CLinux
import Glibc
import HermesSupport

/// A connection between a holder and a process that serves a mount. It belongs to one thread at a time.
final class HolderSocket: Sendable {
    /// The descriptor, which does not block; valid as long as this object lives.
    let descriptor: Int32

    /// Takes over a connected socket of type SOCK_SEQPACKET.
    init(owning descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Whether a process of this user is at the other end.
    var isOwn: Bool {
        var user = uid_t()
        return hermes_peer_user(descriptor, &user) == 0 && user == geteuid()
    }

    /// Sends a message, and a duplicate of an open file with it. Throws `unavailable` when the other end is gone or does not
    /// read.
    func send(_ message: HolderMessage, _ file: OpenFile? = nil) throws {
        let bytes = message.encoded
        guard bytes.count <= HolderMessage.longest,
            hermes_send_message(descriptor, bytes, bytes.count, file?.descriptor ?? -1) == bytes.count
        else {
            throw HermesError(
                .unavailable, "cannot send to the other end of a holder's socket", cause: SystemError.last)
        }
    }

    /// Waits for a message for so many milliseconds, and gives it with the file that came with it. Throws `unavailable` when
    /// none came or the other end is gone, `protocolViolation` for one that has no meaning.
    func receive(within milliseconds: Int32) throws -> (message: HolderMessage, file: OpenFile?) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else {
            throw HermesError(.unavailable, "the other end of a holder's socket says nothing")
        }
        var bytes = [UInt8](repeating: 0, count: HolderMessage.longest)
        var received: Int32 = -1
        let count = hermes_receive_message(descriptor, &bytes, bytes.count, &received)
        let error = SystemError.last
        let file = received >= 0 ? OpenFile(owning: received, path: "/dev/fuse") : nil
        guard count > 0 else {
            throw HermesError(
                .unavailable, "the other end of a holder's socket is gone", cause: count < 0 ? error : nil)
        }
        return (try HolderMessage(decoding: bytes[..<count]), file)
    }
}
