import CLinux
import Glibc
import HermesSupport

/// The process that keeps the connection of a mount while the process that serves the mount is dead: it holds a descriptor and a
/// record, and hands them to the next process that connects to its socket. `HolderMachine` decides; this does it.
///
/// It has one thread, less than 1 MiB of memory of its own, and while it waits hardly any of the program's code, which it shares with the
/// process that it serves.
package final class Holder {
    private let path: String
    private let listener: OpenFile
    private var worker: HolderSocket?
    private var mount: (record: [UInt8], file: OpenFile)?
    private var machine: HolderMachine

    /// The word behind the program's name that starts it; the path of its socket and its patience follow. It is none of the roles:
    /// `HolderLink` starts it, and nobody else.
    package static let word = "holder"
    /// The descriptor by which a holder is connected with the process that started it.
    static let firstWorker: Int32 = 3

    /// Listens at `path` for the processes that come after `worker`, and tells it so. `patience` is in seconds. Throws as
    /// `UnixSocket.listen`.
    init(_ worker: HolderSocket, path: String, patience: Int) throws {
        machine = HolderMachine(patience: patience)
        self.path = path
        self.worker = worker
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        // Two that start at once would take each other's name away.
        let descriptor = try DirectoryLock(folder).withLock { try UnixSocket.listen(path, type: SOCK_SEQPACKET) }
        listener = OpenFile(owning: descriptor, path: path)
        try worker.send(.ready)
    }

    /// Seconds of patience that a holder can be given.
    private static let patiences = 1...3600

    /// The whole life of the process that was started as a holder, with the words behind `word`. Throws `usage` when it was
    /// started by hand, else as `init`.
    package static func run(path: String, patience: String) throws {
        var status = stat()
        guard fstat(firstWorker, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            let seconds = Int(patience), patiences.contains(seconds)
        else {
            throw HermesError(
                .usage, "a holder is started by hermes mount --survive or hermes daemon, and by nobody else")
        }
        // Nothing that ends the terminal, the folder or the memory of others is to end it.
        setsid()
        _ = chdir("/")
        hermes_thread_name(pthread_self(), "hermes-holder")
        protectFromShortMemory()
        try Holder(HolderSocket(owning: firstWorker), path: path, patience: seconds).run()
    }

    /// Asks the kernel to end this process last when memory is short, as far as it may ask (proc(5), oom_score_adj).
    private static func protectFromShortMemory() {
        guard let file = try? OpenFile("/proc/self/oom_score_adj", O_WRONLY) else { return }
        for score in [-1000, -900, -500, 0] {
            let text = Array("\(score)".utf8)
            if pwrite(file.descriptor, text, text.count, 0) == text.count { return }
        }
    }

    /// Holds and hands over until nobody can need it any more.
    func run() {
        while !machine.isOver(at: .now(), isConnected: isConnected) { step() }
        // The name goes first: afterwards it may be another holder's.
        unlink(path)
    }

    /// Whether there is a mount, and its connection is not ended.
    private var isConnected: Bool { mount.map { KernelConnection.isAlive($0.file) } ?? false }

    private func step() {
        // While a process serves, it sees the end of the connection itself, and each request would wake this thread.
        let watched = worker == nil ? mount?.file.descriptor ?? -1 : -1
        var entries = [
            pollfd(fd: worker?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: watched, events: 0, revents: 0),
        ]
        // What the start of this program and a handover touched of it is most of a holder's memory.
        guard hermes_poll_released(&entries, nfds_t(entries.count), machine.pause(at: .now())) > 0 else { return }
        // The end of a process comes before the next one, which is not told that the mount is taken.
        if entries[0].revents != 0 { hear() }
        if entries[1].revents != 0 { meet() }
    }

    /// Takes what the connected process says, and parts from one that is gone or says what it must not.
    private func hear() {
        guard let worker else { return }
        switch try? worker.receive(within: 0) {
        case (.mount(let record), let file?)?:
            mount = (record, file)
            machine.given()
            // One that is gone is noticed at the next event.
            try? worker.send(.ready)
        case (.serving, nil)?: machine.served()
        default:
            self.worker = nil
            machine.lost(at: .now())
        }
    }

    private func meet() {
        let descriptor = accept(listener.descriptor, nil, nil)
        guard descriptor >= 0 else { return }
        let socket = HolderSocket(owning: descriptor)
        guard socket.isOwn else { return }
        guard let mount, machine.meets() else {
            try? socket.send(.busy)
            return
        }
        worker = socket
        try? socket.send(.mount(mount.record), mount.file)
    }
}
