import CLinux
import Glibc
import HermesSupport

/// A program that a test runs beside itself.
package final class TestProcess: @unchecked Sendable {
    package struct Failed: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// Closing it ends programs that read their standard input to the end.
    private let input: Int32
    package let output: Int32
    private let process: pid_t

    package init(_ words: [String], environment: [String: String] = [:]) throws {
        var stdin: [Int32] = [0, 0]
        var stdout: [Int32] = [0, 0]
        guard hermes_pipe(&stdin) == 0, hermes_pipe(&stdout) == 0 else {
            throw Failed(description: "no pipe")
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin[0], 0)
        posix_spawn_file_actions_adddup2(&actions, stdout[1], 1)
        let assignments = environment.map { "\($0.key)=\($0.value)" }
        var arguments = (["/usr/bin/env"] + assignments + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, "/usr/bin/env", &actions, nil, &arguments, environ)
        close(stdin[0])
        close(stdout[1])
        input = stdin[1]
        output = stdout[0]
        self.process = process
        guard status == 0 else { throw Failed(description: "\(words): \(SystemError(status))") }
    }

    /// Runs a fixture in Python, which can import what lies in this target's Fixtures.
    package convenience init(python script: String, _ arguments: [String] = []) throws {
        try self.init(
            ["python3", script] + arguments,
            environment: ["PYTHONPATH": Fixture.folder, "PYTHONDONTWRITEBYTECODE": "1"])
    }

    /// Runs a program that does not read its standard input, and ends it with the last reference to this or with the tests.
    package convenience init(untilClosed words: [String]) throws {
        try self.init(["python3", Fixture.folder + "/until-stdin-closes.py"] + words)
    }

    deinit {
        close(input)
        close(output)
    }

    /// Reads one line of its output.
    package func line() -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1, byte != UInt8(ascii: "\n") { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs a program to its end and returns its output. Throws when it fails.
    @discardableResult
    package static func run(_ words: [String], environment: [String: String] = [:]) throws -> String {
        let program = try TestProcess(words, environment: environment)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(program.output, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        var status: Int32 = 0
        waitpid(program.process, &status, 0)
        let text = String(decoding: bytes, as: UTF8.self)
        guard status == 0 else { throw Failed(description: "\(words) failed: \(text)") }
        return text
    }
}
