import Glibc
import HermesSupport

/// What a container writes: two named pipes, and the thread that reads them and notes when what came.
final class ContainerOutput: Sendable {
    private struct State {
        var first: Monotonic?
        var matched: Monotonic?
        /// The end of what came, for messages.
        var tail: [UInt8] = []
        var line: [UInt8] = []
        var isStopped = false
    }

    /// Bytes of a line that are matched, and of the tail that is kept.
    private static let limit = 16 << 10

    let stdout: String
    let stderr: String
    private let folder: String
    private let expression: RegularExpression?
    private let state = Monitor(State())
    private let thread: SystemThread

    /// Makes the pipes in a folder of their own and reads them; `expression` is looked for in each line. Throws `system`.
    /// `close` is to be called.
    init(lookingFor expression: RegularExpression?) throws {
        let folder = try BenchFolder.make()
        self.folder = folder
        (stdout, stderr) = ("\(folder)/stdout", "\(folder)/stderr")
        self.expression = expression
        do {
            let files = try [stdout, stderr].map { path in
                guard mkfifo(path, 0o600) == 0 else { throw HermesError.file("make", path, .last) }
                // Readers come first: containerd's shim does not wait for one.
                return try OpenFile(path, O_RDONLY | O_NONBLOCK)
            }
            let state = state
            thread = try SystemThread("hermes-output") { Self.read(files, expression, state) }
        } catch {
            Self.remove(folder)
            throw error
        }
    }

    private static func remove(_ folder: String) {
        for name in ["stdout", "stderr"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    /// When the first byte came, and when the first line that matches was complete.
    var marks: (first: Monotonic?, matched: Monotonic?) { state.withLock { ($0.value.first, $0.value.matched) } }

    /// The last line that is not empty, for messages.
    var lastLine: String? {
        let text = state.withLock { String(decoding: $0.value.tail, as: UTF8.self) }
        return text.split(separator: "\n").last { !$0.allSatisfy(\.isWhitespace) }.map { String($0).printable(200) }
    }

    /// Ends the thread and removes the pipes. To be called once.
    func close() {
        state.withLock { $0.value.isStopped = true }
        thread.join()
        Self.remove(folder)
    }

    private static func read(_ files: [OpenFile], _ expression: RegularExpression?, _ state: Monitor<State>) {
        var open = files
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        // A pipe that nobody has opened yet gives no event (pipe(7)); one whose writers are gone is at its end.
        while !open.isEmpty {
            var entries = open.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            guard poll(&entries, nfds_t(entries.count), 100) >= 0 || errno == EINTR else { return }
            for (index, entry) in entries.enumerated().reversed() where entry.revents != 0 {
                let count = Glibc.read(entry.fd, &buffer, buffer.count)
                if count > 0 {
                    note(buffer[..<count], at: .now(), expression, state)
                } else if count == 0 || errno != EAGAIN && errno != EINTR {
                    open.remove(at: index)
                }
            }
            if state.withLock({ $0.value.isStopped }), entries.allSatisfy({ $0.revents == 0 }) { return }
        }
    }

    private static func note(
        _ bytes: ArraySlice<UInt8>, at now: Monotonic, _ expression: RegularExpression?, _ state: Monitor<State>
    ) {
        state.withLock { held in
            held.value.first = held.value.first ?? now
            held.value.tail = Array((held.value.tail + bytes).suffix(limit))
            guard let expression, held.value.matched == nil else { return }
            for byte in bytes {
                guard byte == 0x0A else {
                    if held.value.line.count < limit { held.value.line.append(byte) }
                    continue
                }
                if expression.matches(String(decoding: held.value.line, as: UTF8.self)) { held.value.matched = now }
                held.value.line.removeAll(keepingCapacity: true)
            }
        }
    }
}
