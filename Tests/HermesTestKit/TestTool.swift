import Glibc
import HermesSupport

/// Runs other programs, with which the tar and index tests compare.
///
/// Needs, beside GNU tar: python3 with the flatbuffers package (Debian: python3-flatbuffers), flatc, bsdtar (Debian:
/// libarchive-tools).
package enum TestTool {
    /// The system's Python, whose packages are Debian's.
    package static let python = "/usr/bin/python3"

    /// A folder of its own, which is removed afterwards.
    package static func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        var template = Array("/tmp/hermes-tar-index-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = try? run(["rm", "-rf", folder]) }
        return try body(folder)
    }

    /// Runs a program to its end and returns its output; throws its error output when it fails.
    @discardableResult
    package static func run(_ arguments: [String]) throws -> [UInt8] {
        var output: [Int32] = [-1, -1]
        guard pipe(&output) == 0 else { throw SystemError.last }
        // A program that another thread starts in between inherits them, which only makes this one wait for it.
        output.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output[1], 1)
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        let environment = [
            "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=/nonexistent",
        ]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, arguments[0], &actions, nil, &argv, &envp)
        close(output[1])
        defer { close(output[0]) }
        guard failure == 0 else {
            throw HermesError(.notFound, "cannot run \(arguments[0])", cause: SystemError(failure))
        }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(output[0], &buffer, buffer.count)
            guard count > 0 else { break }
            result += buffer[..<count]
        }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        guard status == 0 else {
            throw HermesError(.system, "\(arguments.joined(separator: " ")) failed with status \(status)")
        }
        return result
    }

    package static func read(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw SystemError.last }
            guard count > 0 else { return result }
            result += buffer[..<count]
        }
    }

    package static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError.last }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw SystemError.last }
            rest = rest.dropFirst(count)
        }
    }
}

extension Array<UInt8> {
    package var text: String { String(decoding: self, as: UTF8.self) }
    package var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

/// A generator whose numbers are the same in every run, so that a failure can be seen again.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        // splitmix64
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
