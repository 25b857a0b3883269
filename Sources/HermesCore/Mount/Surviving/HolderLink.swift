import CLinux
import Glibc
import HermesSupport

/// The connection of a process that serves a mount with the mount's holder. It belongs to one thread at a time.
struct HolderLink: Sendable {
    let socket: HolderSocket
    /// The holder, where this process started it.
    private let process: pid_t?

    /// Milliseconds in which a holder answers: far more than it needs on a machine that is busy.
    private static let patience: Int32 = 30_000
    /// Milliseconds in which a process that was killed closes its files.
    private static let exitTime = 10_000

    /// Connects to the holder at `path`, and takes the mount that it keeps; nil where there is no holder. Throws `unavailable`
    /// when another process serves the mount, `denied` for a holder of another user, and as `HeldMount.init(decoding:)`.
    static func find(_ path: String) throws -> (link: HolderLink, mount: HeldMount, file: OpenFile)? {
        let limit = Monotonic.now().adding(milliseconds: exitTime)
        while true {
            let descriptor: Int32
            do {
                descriptor = try UnixSocket.connect(path, type: SOCK_SEQPACKET)
            } catch let error as SystemError {
                guard error.number != ENOENT, error.number != ECONNREFUSED else { return nil }
                throw HermesError.file("connect to", path, error)
            }
            let socket = HolderSocket(owning: descriptor)
            guard socket.isOwn else { throw HermesError(.denied, "the holder at \(path) is another user's") }
            // A holder that ends just now has no answer.
            guard let (message, file) = try? socket.receive(within: patience) else { return nil }
            if case .mount(let record) = message, let file {
                return (HolderLink(socket: socket, process: nil), try HeldMount(decoding: record), file)
            }
            guard Monotonic.now() < limit else {
                throw HermesError(.unavailable, "another process serves this mount already")
            }
            usleep(20_000)
        }
    }

    /// Starts a holder at `path`: this program once more, afresh, with nothing of this process but one socket. `patience` is in
    /// seconds (`HolderMachine`). Throws `system` when it does not start.
    static func start(_ path: String, patience holding: Int) throws -> HolderLink {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw HermesError(.system, "cannot start a holder", cause: SystemError.last)
        }
        let socket = HolderSocket(owning: ends[0])
        defer { close(ends[1]) }
        let link = HolderLink(socket: socket, process: try spawn(path, holding, ends[1]))
        guard case (.ready, nil)? = try? socket.receive(within: patience) else {
            link.reap()
            throw HermesError(.system, "the holder of the mount did not start")
        }
        return link
    }

    /// Gives the holder a mount. When this returns, the holder has it. Throws `unavailable`; the holder is then of no more use.
    func give(_ mount: HeldMount, _ file: OpenFile) throws {
        do {
            try socket.send(.mount(try mount.encoded()), file)
            guard case (.ready, nil) = try socket.receive(within: Self.patience) else {
                throw HermesError(.unavailable, "the holder of the mount did not take it")
            }
        } catch {
            reap()
            throw error
        }
    }

    /// Tells the holder that this process answers the kernel. Throws `unavailable`.
    func serve() throws { try socket.send(.serving) }

    /// Ends the connection. The holder then ends with the mount's connection to the kernel, if that has ended.
    func end() { shutdown(socket.descriptor, Int32(SHUT_RDWR)) }

    /// Lets a holder that has ended, or is about to, leave no zombie.
    func reap() {
        guard let process else { return }
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }

    private static func spawn(_ path: String, _ patience: Int, _ end: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, end, Holder.firstWorker)
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        hermes_spawn_close_from(&actions, Holder.firstWorker + 1)
        // This process has blocked the signals that end it, which would outlive exec (execve(2)).
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let texts = ["hermes", Holder.word, path, "\(patience)"]
        var words = texts.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process: pid_t = 0
        let status = posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &words, &environment)
        guard status == 0 else { throw HermesError(.system, "cannot start a holder", cause: SystemError(status)) }
        return process
    }
}
