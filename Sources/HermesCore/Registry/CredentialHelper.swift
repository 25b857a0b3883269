import CLinux
import FoundationEssentials
import Glibc

/// A program `docker-credential-NAME` on PATH that keeps credentials
/// (github.com/docker/docker-credential-helpers): asked with "get", the registry on its standard input, JSON on its
/// standard output.
struct CredentialHelper {
    private let program: String

    private struct Answer: Decodable {
        var Username: String
        var Secret: String
    }

    /// Throws `usage` for a name that is no part of a program's name: it comes from a file.
    init(_ name: String) throws {
        guard !name.utf8.isEmpty,
            name.utf8.allSatisfy({ $0.isAlphanumeric || "-_.".utf8.contains($0) })
        else { throw HermesError(.usage, "\"\(name.printable(60))\" is not the name of a credential helper") }
        program = "docker-credential-\(name)"
    }

    /// The helper that is this program; without a slash it is searched on PATH.
    init(program: String) { self.program = program }

    /// Asks for a registry's credentials; nil when the helper has none. Throws `denied` when it fails. Blocks for up to
    /// 30 seconds. What the helper writes is never shown: it may be a secret.
    func credentials(for registry: String) throws -> Credentials? {
        let (status, output) = try run(input: Array(registry.utf8))
        guard status == 0 else {
            let text = String(decoding: output.prefix(200), as: UTF8.self).lowercased()
            if text.contains("credentials not found") { return nil }
            throw failure("it failed (status \(status))", registry: registry)
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output)) else {
            throw failure("its answer is not JSON with Username and Secret", registry: registry)
        }
        if answer.Username.isEmpty && answer.Secret.isEmpty { return nil }
        return answer.Username == "<token>"
            ? .identityToken(answer.Secret) : .password(user: answer.Username, password: answer.Secret)
    }

    private func failure(_ why: String, registry: String = "", cause: (any Error)? = nil) -> HermesError {
        HermesError(.denied, "cannot get credentials from \(program): \(why)", cause: cause)
    }

    private func run(input: [UInt8]) throws -> (status: Int32, output: [UInt8]) {
        let (inputRead, inputWrite) = try pipe()
        defer { close(inputRead) }
        // A registry's name fits into a pipe's buffer, and our own read end is open: the write neither blocks nor raises
        // SIGPIPE.
        _ = write(inputWrite, input, min(input.count, 4096))
        close(inputWrite)
        let (outputRead, outputWrite) = try pipe()
        defer { close(outputRead) }

        let process: pid_t
        do {
            defer { close(outputWrite) }
            process = try spawn(input: inputRead, output: outputWrite)
        }
        let (output, complete) = collect(outputRead)
        if !complete { kill(process, SIGKILL) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        guard complete else { throw failure("it does not come to an end") }
        // The low seven bits are the signal that ended it, the next byte its exit status (wait(2)).
        return (status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, output)
    }

    private func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard hermes_pipe(&ends) == 0 else {
            throw failure("no pipe", cause: SystemError.last)
        }
        return (ends[0], ends[1])
    }

    private func spawn(input: Int32, output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)

        var words: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("get"), nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let status = posix_spawnp(&process, program, &actions, nil, &words, environ)
        guard status == 0 else { throw failure("it cannot be started", cause: SystemError(status)) }
        return process
    }

    /// Reads to the end, for at most 30 seconds and 1 MiB; false when there was no end.
    private func collect(_ file: Int32) -> ([UInt8], Bool) {
        let deadline = ContinuousClock.now + .seconds(30)
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while ContinuousClock.now < deadline, output.count < 1 << 20 {
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
