import CLinux
import Glibc
import HermesTestKit
import Logging
import Synchronization
import Testing

@testable import HermesDaemon
@testable import HermesSupport

/// The watchdog with a service manager that listens, and parts that are blocked.
@Suite(.timeLimit(.minutes(5))) struct WatchdogTests {
    /// A part that keeps its answers back while it is blocked.
    private final class Gate: Sendable {
        private let state = Mutex<(isBlocked: Bool, waiting: [@Sendable () -> Void])>((false, []))

        func part(_ name: String, usesDisk: Bool = false) -> Watchdog.Part {
            Watchdog.Part(name: name, usesDisk: usesDisk) { [self] answered in
                let isBlocked = state.withLock { state in
                    if state.isBlocked { state.waiting.append(answered) }
                    return state.isBlocked
                }
                if !isBlocked { answered() }
            }
        }

        func block() { state.withLock { $0.isBlocked = true } }

        /// How many questions wait.
        var count: Int { state.withLock(\.waiting.count) }

        func open() {
            let waiting = state.withLock { state in
                defer { state = (false, []) }
                return state.waiting
            }
            for answered in waiting { answered() }
        }
    }

    @Test func aBlockedPartIsNamedAndEndsThePings() async throws {
        try await onBlockingThread {
            let (socket, lines, gate) = (try NotifySocket(), LogLines(), Gate())
            let watchdog = try Watchdog(
                [Gate().part("first"), gate.part("second"), Gate().part("third")], period: 20, manager: socket.manager,
                log: lines.logger(.info))
            defer { watchdog.stop() }
            for _ in 0..<3 { try #require(socket.next() == "WATCHDOG=1") }
            gate.block()
            var said: [LogLines.Line] = []
            while said.isEmpty {
                usleep(5_000)
                said = lines.take()
            }
            #expect(said.first.map { "\($0.level) \($0.fields["part"] ?? "")" } == "error second")
            // Every thread is told of, the main one among them, and once.
            let main = "\(getpid())"
            while !said.contains(where: { $0.fields["thread"] == main }) {
                usleep(5_000)
                said += lines.take()
            }
            // Those of before are read.
            while socket.next(within: 0) != nil {}
            #expect(socket.next(within: 300) == nil)
            #expect(gate.count == 1)
            said += lines.take()
            #expect(said.filter { $0.fields["thread"] == main }.count == 1)
            #expect(said.filter { $0.fields["part"] != nil }.count == 1)
            gate.open()
            for _ in 0..<3 { try #require(socket.next() == "WATCHDOG=1") }
            let after = lines.take().filter { $0.fields["thread"] == nil }
            #expect(after.map(\.message) == ["all parts of the daemon move again"])
        }
    }

    /// A thread that starts a program waits as for a disk until the program has its files; the kernel does not tell them apart. This
    /// program's is a pipe that nobody writes to.
    ///
    /// The process has more threads than the log tells of.
    @Test func aPartThatWaitsForTheDiskIsExcused() async throws {
        try await onBlockingThread {
            let folder = try TestFolder()
            let pipe = "\(folder.path)/pipe"
            try #require(mkfifo(pipe, 0o600) == 0)
            let (socket, lines, gate, other) = (try NotifySocket(), LogLines(), Gate(), Gate())
            let isOver = Monitor(false)
            let crowd = try (0..<150).map { _ in
                try SystemThread("crowd") { isOver.withLock { while !$0.value { $0.wait() } } }
            }
            defer {
                isOver.withLock {
                    $0.value = true
                    $0.broadcast()
                }
                for thread in crowd { thread.join() }
            }
            let starter = try SystemThread("waits") { Self.start(reading: pipe) }
            var isStarted = false
            /// Lets the program begin, and end.
            func release() {
                guard !isStarted else { return }
                isStarted = true
                close(open(pipe, O_WRONLY))
                starter.join()
            }
            defer { release() }
            while !ThreadStack.all().contains(where: { $0.name == "waits" && $0.state == "D" }) { usleep(1_000) }
            gate.block()
            let watchdog = try Watchdog(
                [gate.part("disk", usesDisk: true), other.part("other")], period: 20, manager: socket.manager,
                log: lines.logger(.info))
            defer { watchdog.stop() }
            for _ in 0..<3 { try #require(socket.next() == "WATCHDOG=1") }
            #expect(gate.count == 1)
            // No other part is.
            other.block()
            var said: [LogLines.Line] = []
            while said.isEmpty {
                usleep(5_000)
                said = lines.take()
            }
            #expect(said.first?.fields["part"] == "other")
            // Those of before are read: the next one says that the parts move again.
            while socket.next(within: 0) != nil {}
            other.open()
            try #require(socket.next() == "WATCHDOG=1")
            _ = lines.take()
            // Nor is this one when the disk has answered.
            release()
            while lines.take().first(where: { $0.fields["part"] != nil })?.fields["part"] != "disk" { usleep(5_000) }
            gate.open()
        }
    }

    private static func start(reading pipe: String) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The program has everything that this process has open until it executes: other tests would wait for it with this one.
        hermes_spawn_close_from(&actions, 0)
        posix_spawn_file_actions_addopen(&actions, 0, pipe, O_RDONLY, 0)
        var process: pid_t = 0
        let words: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(words[0]) }
        guard posix_spawnp(&process, "true", &actions, nil, words, environ) == 0 else { return }
        waitpid(process, nil, 0)
    }

    @Test func itEndsWhileAPartIsStuck() async throws {
        try await onBlockingThread {
            let (socket, lines, gate) = (try NotifySocket(), LogLines(), Gate())
            gate.block()
            let watchdog = try Watchdog(
                [gate.part("first")], period: 1, manager: socket.manager, log: lines.logger(.info))
            while lines.take().isEmpty { usleep(5_000) }
            watchdog.stop()
            #expect(socket.next(within: 0) == nil)
        }
    }

    /// They answer while the daemon runs, and when it is over, so that an end that takes long is not taken for death.
    @Test(.enabled(if: geteuid() == 0 && access("/dev/fuse", F_OK) == 0)) func theDaemonsPartsAnswer() async throws {
        try await onBlockingThread {
            let folder = try TestFolder()
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let snapshotter = try OverlaySnapshotter(
                root: "\(folder.path)/root", lazy: DaemonConfiguration(), log: log)
            let parts = Watchdog.parts(of: snapshotter)
            #expect(parts.map(\.name) == ["event loops", "HTTP client", "fetch clock", "inflating threads", "mount"])
            func ask() {
                let answers = Monitor(0)
                for part in parts {
                    part.ask {
                        answers.withLock {
                            $0.value += 1
                            $0.broadcast()
                        }
                    }
                }
                answers.withLock { while $0.value < parts.count { $0.wait() } }
            }
            ask()
            snapshotter.close()
            ask()
        }
    }

    @Test(
        arguments: [
            ("30000000", nil, 15_000), ("30000000", "77", 15_000), ("30000000", "78", nil), (nil, "77", nil),
            ("0", nil, nil),
            ("-1", nil, nil), ("x", nil, nil), ("1", nil, 1), ("9223372036854775807", nil, 86_400_000),
            ("9223372036854775808", nil, nil),
        ] as [(String?, String?, Int?)])
    func theEnvironmentSaysHowOften(microseconds: String?, process: String?, period: Int?) {
        #expect(ServiceManager.watchdogPeriod(microseconds, process, own: 77) == period)
    }
}
