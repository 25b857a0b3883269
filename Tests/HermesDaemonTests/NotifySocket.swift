import Glibc
import HermesTestKit

@testable import HermesDaemon
@testable import HermesSupport

/// A service manager's end of sd_notify(3): a socket of datagrams.
final class NotifySocket: Sendable {
    private let folder: TestFolder
    private let descriptor: Int32
    var manager: ServiceManager { ServiceManager(socket: "\(folder.path)/n") }

    init() throws {
        folder = try TestFolder()
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError.last }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array("\(folder.path)/n".utf8)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw SystemError.last }
    }

    deinit { close(descriptor) }

    /// The next message; nil when none comes within so many milliseconds.
    func next(within milliseconds: Int32 = 60_000) -> String? {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, milliseconds) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 1000)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
