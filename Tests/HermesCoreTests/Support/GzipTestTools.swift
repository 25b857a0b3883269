import Glibc
import HermesCore

@testable import HermesSupport

/// Runs a tool of the system to its end and returns its standard output; throws unless it exits with 0.
func gzipTestRun(_ arguments: [String], input: [UInt8]) throws -> [UInt8] {
    // Files instead of pipes: no deadlock however much is written.
    let source = try GzipTestFile(input)
    let result = try GzipTestFile([])
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, source.path, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, result.path, O_WRONLY | O_TRUNC, 0)
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var child: pid_t = 0
    let error = posix_spawnp(&child, arguments[0], &actions, nil, &pointers, environ)
    guard error == 0 else {
        throw HermesError(.system, "cannot run \(arguments[0])", cause: SystemError(error))
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw HermesError(.system, "\(arguments[0]) failed with status \(status)") }
    return try gzipTestRead(result.path)
}

/// Runs a Python program with arguments.
func gzipTestPython(_ program: String, _ arguments: [String] = [], input: [UInt8]) throws -> [UInt8] {
    try gzipTestRun(["python3", "-c", program] + arguments, input: input)
}

/// The bytes of a file, from `offset` on and `limit` at most.
func gzipTestRead(_ path: String, from offset: Int = 0, limit: Int = .max) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw HermesError.file("open", path, .last) }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let size = ftell(file)
    let start = min(offset, size)
    fseek(file, start, SEEK_SET)
    let count = min(limit, size - start)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        filled = fread(buffer.baseAddress, 1, count, file)
    }
}

/// A file with some bytes, gone with the value.
final class GzipTestFile {
    let path: String

    init(_ bytes: [UInt8]) throws {
        var name = Array("/tmp/hermes-gzip-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw HermesError.file("create", "/tmp", .last) }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            guard count > 0 else { throw HermesError.file("write", path, .last) }
            written += count
        }
        close(descriptor)
    }

    deinit { unlink(path) }
}

/// SplitMix64: the same numbers in every run for the same seed.
struct GzipTestGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
