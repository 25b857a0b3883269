import HermesSupport

/// The buffer between the event loop, which brings the bytes of an `HTTPBodyStream`, and the thread that reads them.
///
/// The calls of `HTTPHandler` come from the event-loop thread, the others from the reader's; the lock is held for as long
/// as it takes to copy a piece of the body.
final class HTTPBodyReceiver: HTTPHandler, Sendable {
    /// How many bytes are kept for a reader before the transfer waits; libcurl brings up to 256 KiB at once.
    static let window = 1 << 20

    private struct State {
        var head: HTTPHead?
        /// The bytes from `start` on wait for the reader.
        var bytes: [UInt8] = []
        var start = 0
        var task: HTTPTask?
        /// The handler said `full`.
        var paused = false
        /// The reader is gone.
        var cancelled = false
        /// How the transfer ended.
        var end: Result<Void, HermesError>?

        var count: Int { bytes.count - start }
    }

    private let name: String
    private let state = Monitor(State())

    /// `name` names the answer in errors.
    init(name: String) { self.name = name }

    /// Starts the transfer by `begin` and waits for its head. To be called once, before all else.
    func head(_ begin: () throws -> HTTPTask) throws -> HTTPHead {
        let task = try begin()
        return try state.withLock { held in
            held.value.task = task
            while true {
                if let head = held.value.head { return head }
                if let end = held.value.end {
                    try end.get()
                    throw HermesError(.protocolViolation, "\(name) gave no answer")
                }
                held.wait()
            }
        }
    }

    /// Copies out what there is; waits when there is nothing yet. 0 at the end.
    func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
        let (count, resumed): (Int, HTTPTask?) = try state.withLock { held in
            while held.value.count == 0 {
                if let end = held.value.end {
                    try end.get()
                    return (0, nil)
                }
                held.wait()
            }
            let count = min(room.count, held.value.count)
            let start = held.value.start
            room.copyBytes(from: held.value.bytes[start..<start + count])
            held.value.start += count
            if held.value.count == 0 {
                held.value.bytes.removeAll(keepingCapacity: true)
                held.value.start = 0
            }
            // Half a window at a time, so that the connection is not stopped and started for every piece.
            guard held.value.paused, held.value.count <= Self.window / 2 else { return (count, nil) }
            held.value.paused = false
            return (count, held.value.task)
        }
        resumed?.resume()
        return count
    }

    /// Ends the transfer, because the reader wants no more. May be called more than once.
    func cancel() {
        let task = state.withLock { held in
            held.value.cancelled = true
            return held.value.task
        }
        task?.cancel()
    }

    func began(_ head: HTTPHead) -> Bool {
        state.withLock { held in
            held.value.head = head
            held.broadcast()
            return !held.value.cancelled
        }
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        state.withLock { held in
            guard !held.value.cancelled else { return .stop }
            guard held.value.count < Self.window else {
                held.value.paused = true
                return .full
            }
            // What was read already goes in large pieces only, because the rest is moved.
            if held.value.start >= Self.window {
                held.value.bytes.removeFirst(held.value.start)
                held.value.start = 0
            }
            held.value.bytes.append(contentsOf: bytes)
            held.broadcast()
            return .taken
        }
    }

    func finished(_ result: Result<Void, HermesError>) {
        state.withLock { held in
            held.value.end = result
            held.broadcast()
        }
    }
}
