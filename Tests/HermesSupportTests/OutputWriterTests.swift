import Glibc
import HermesSupport
import HermesTestKit
import Testing

/// A child of its own says lines, because its standard error is the process's.
@Suite(.timeLimit(.minutes(1))) struct OutputWriterTests {
    /// A FIFO that holds as many bytes as it can.
    private final class FullPipe {
        let path: String
        private let descriptor: Int32
        private let filled: Int
        private let folder: TestFolder

        init() throws {
            folder = try TestFolder()
            path = "\(folder.path)/pipe"
            guard mkfifo(path, 0o600) == 0 else { throw SystemError.last }
            descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw SystemError.last }
            let bytes = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
            var count = 0
            while case let written = write(descriptor, bytes, bytes.count), written > 0 { count += written }
            filled = count
        }

        deinit { close(descriptor) }

        /// What others wrote, up to and with the line that begins with `last`; nothing when that does not come.
        func lines(to last: String) -> [Substring] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&wanted, 1, 30_000) > 0 else { return [] }
                let count = read(descriptor, &buffer, buffer.count)
                if count > 0 { bytes += buffer[..<count] }
                guard bytes.last == UInt8(ascii: "\n") else { continue }
                let lines = String(decoding: bytes.dropFirst(filled), as: UTF8.self).split(separator: "\n")
                if lines.last?.hasPrefix(last) == true { return lines }
            }
        }
    }

    private static let count = 20_000

    @Test func aFullPipeDelaysNothingAndTheGapIsSaid() async throws {
        try await onBlockingThread {
            let pipe = try FullPipe()
            let child = try TestProcess([
                "sh", "-c", "exec \"$0\" say-and-stay \(Self.count) 0 2> \"$1\"", TestChild.program(), pipe.path,
            ])
            #expect(child.line() == "said")
            var lines = pipe.lines(to: "dropped")
            let dropped = lines.popLast()?.split(separator: " ").last.flatMap { Int($0) } ?? 0
            #expect(dropped > 0)
            #expect(lines.count + dropped == Self.count)
            for (number, line) in lines.enumerated() { try #require(line.hasPrefix("line \(number) x")) }
        }
    }

    @Test func aFullPipeKeepsNoProcessFromItsEnd() async throws {
        try await onBlockingThread {
            let pipe = try FullPipe()
            let output = try TestProcess.run([
                "sh", "-c", "exec \"$0\" say \(Self.count) 100 2> \"$1\"", TestChild.program(), pipe.path,
            ])
            #expect(output == "said\n")
        }
    }

    /// The process has nothing left to do while the pipe is full, and ends after the lines are out.
    @Test func whatWasSaidIsWrittenBeforeTheEnd() async throws {
        try await onBlockingThread {
            let pipe = try FullPipe()
            let child = try TestProcess([
                "sh", "-c", "exec \"$0\" say 100 60000 2> \"$1\"", TestChild.program(), pipe.path,
            ])
            #expect(child.line() == "said")
            // Time for a process that does not wait to be gone.
            usleep(200_000)
            #expect(pipe.lines(to: "line 99 ").count == 100)
        }
    }
}
