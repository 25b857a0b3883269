import CLinux
import Glibc

/// A run of a program that gives credentials: text in, text out, bounded in time and size. The program's output is
/// never shown: it may be a secret. The program inherits no file beside its own three, and no signal's disposition.
package struct HelperProgram: Sendable {
    /// The program; without a slash it is searched on PATH.
    private let program: String
    private let arguments: [String]
    private let environment: [(name: String, value: String)]
    private let timeLimit: Int

    /// The most that is read, in bytes.
    private static let outputLimit = 1 << 20

    /// `environment` is added to this process's; the program is killed after `timeLimit` milliseconds.
    package init(
        program: String, arguments: [String] = [], environment: [(name: String, value: String)] = [],
        timeLimit: Int = 30_000
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.timeLimit = timeLimit
    }

    /// Runs it to its end; the status is as a shell has it, 128 and up for a signal. Throws `denied` when it cannot be
    /// started, writes without end or takes too long. Blocks.
    package func run(input: [UInt8]) throws -> (status: Int32, output: [UInt8]) {
        // A pipe's buffer holds the whole input, and our own read end is open: the write neither blocks nor raises SIGPIPE.
        guard input.count <= 4096 else { throw failure("the question is too long") }
        let (inputRead, inputWrite) = try pipe()
        defer { close(inputRead) }
        _ = write(inputWrite, input, input.count)
        close(inputWrite)
        let (outputRead, outputWrite) = try pipe()
        defer { close(outputRead) }

        let process: pid_t
        do {
            defer { close(outputWrite) }
            process = try spawn(input: inputRead, output: outputWrite)
        }
        let deadline = ContinuousClock.now + .milliseconds(timeLimit)
        let (output, isWhole) = collect(outputRead, until: deadline)
        var status: Int32 = 0
        // A program that has closed its output may still run.
        let complete = isWhole && wait(for: process, &status, until: deadline)
        if !complete {
            kill(process, SIGKILL)
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        }
        guard complete else { throw failure("it does not end") }
        // The low seven bits are the signal that ended it, the next byte its exit status (wait(2)).
        return (status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, output)
    }

    /// The error of a program that gives no credentials.
    package func failure(_ why: String, cause: (any Error)? = nil) -> HermesError {
        HermesError(.denied, "cannot get credentials from \(program.printable(200)): \(why)", cause: cause)
    }

    private func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard hermes_pipe(&ends) == 0 else { throw failure("a pipe cannot be made", cause: SystemError.last) }
        return (ends[0], ends[1])
    }

    private func spawn(input: Int32, output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Sockets and files of libraries need not have O_CLOEXEC.
        hermes_spawn_close_from(&actions, 3)
        // This process ignores SIGPIPE, and its threads block signals; both would outlive exec (execve(2)).
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var assignments = variables().map { strdup($0) } + [nil]
        defer { for assignment in assignments { free(assignment) } }
        var process: pid_t = 0
        var status = posix_spawnp(&process, program, &actions, &attributes, &words, &assignments)
        // A program that was just installed may still be open for writing in a child of another thread, until that execs.
        for _ in 0..<20 where status == ETXTBSY {
            usleep(10_000)
            status = posix_spawnp(&process, program, &actions, &attributes, &words, &assignments)
        }
        guard status == 0 else { throw failure("it cannot be started", cause: SystemError(status)) }
        return process
    }

    /// This process's environment with the added variables; of two values for one name, the added one.
    private func variables() -> [String] {
        let added = Set(environment.map(\.name))
        var result: [String] = []
        var entry = environ
        while let text = entry.pointee.map({ String(cString: $0) }) {
            if !added.contains(String(text.prefix { $0 != "=" })) { result.append(text) }
            entry += 1
        }
        return result + environment.map { "\($0.name)=\($0.value)" }
    }

    /// Waits for the end of a program; false when the program did not end in time.
    private func wait(for process: pid_t, _ status: inout Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while waitpid(process, &status, WNOHANG) == 0 {
            guard ContinuousClock.now < deadline else { return false }
            usleep(1000)
        }
        return true
    }

    /// Reads to the end of the file; false when the end did not come in time.
    private func collect(_ file: Int32, until deadline: ContinuousClock.Instant) -> ([UInt8], Bool) {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while ContinuousClock.now < deadline, output.count < Self.outputLimit {
            var poll = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, 100) > 0 else { continue }
            let count = read(file, &buffer, buffer.count)
            if count == 0 { return (output, true) }
            guard count > 0 else { continue }
            output += buffer[..<count]
        }
        return (output, false)
    }
}
