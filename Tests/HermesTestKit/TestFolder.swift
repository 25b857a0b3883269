import Dispatch
import Glibc
import HermesSupport

/// A temporary folder that goes with the last reference to it.
package final class TestFolder: Sendable {
    package let path: String

    /// The folder of all of a run's; a shell removes it when the tests' end closes its standard input, for servers that
    /// tests share are never freed.
    private static let root = Result {
        let path = "/tmp/hermes-registry-test-\(getpid())"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError.last }
        let script = "cat > /dev/null; sleep 1; rm -rf \"$0\""
        return (path: path, janitor: try TestProcess(["setsid", "sh", "-c", script, path]))
    }

    package init() throws {
        path = "\(try Self.root.get().path)/\(UInt64.random(in: 0...UInt64.max))"
        guard mkdir(path, 0o700) == 0 else { throw SystemError.last }
    }

    deinit { _ = try? TestProcess.run(["rm", "-rf", path]) }

    package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try AtomicFile.write(bytes, to: "\(path)/\(name)", temporaryIn: path)
        return "\(path)/\(name)"
    }
}

/// Bytes that do not repeat: xorshift64*, eight bytes at a time.
package func testBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed | 1
    var words: [UInt64] = []
    words.reserveCapacity(count / 8 + 1)
    while words.count * 8 < count {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        words.append(state &* 0x2545_f491_4f6c_dd1d)
    }
    return words.withUnsafeBytes { Array($0.prefix(count)) }
}

/// Runs something that blocks away from Swift's cooperative threads.
package func onBlockingThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async { continuation.resume(with: Result(catching: body)) }
    }
}

/// Reads a stream to its end, with a buffer of odd size.
package func readAll(_ source: any ByteSource, buffer size: Int = 70_001) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: size)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
