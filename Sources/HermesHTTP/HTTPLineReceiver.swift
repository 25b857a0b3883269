import HermesSupport
import Synchronization

/// The buffer between the event loop, which brings the bytes of an `HTTPLineStream`, and the task that reads its lines.
///
/// The calls of `HTTPHandler` come from the event-loop thread, `head` and `next` from a task; the lock is held for as long as
/// it takes to copy a piece of the body.
final class HTTPLineReceiver: HTTPHandler, Sendable {
    /// How many bytes are kept for a reader before the transfer waits; libcurl brings up to 256 KiB at once.
    static let window = 256 << 10

    private typealias Waiter = CheckedContinuation<[UInt8]?, any Error>
    private typealias Answer = Result<[UInt8]?, any Error>

    private struct State {
        var buffer: LineBuffer
        var task: HTTPTask?
        /// The reader is gone.
        var cancelled = false
        /// The handler said `full`.
        var paused = false
        /// The reader got an error, which comes once.
        var failed = false
        /// How the transfer ended.
        var end: Result<Void, HermesError>?
        var headWaiter: CheckedContinuation<HTTPHead, any Error>?
        var lineWaiter: Waiter?
    }

    private let name: String
    private let state: Mutex<State>

    /// `name` names the answer in errors; `limit` is the longest line in bytes.
    init(name: String, limit: Int) {
        self.name = name
        state = Mutex(State(buffer: LineBuffer(limit: limit)))
    }

    /// How many bytes wait for a reader.
    var held: Int { state.withLock { $0.buffer.count } }

    /// Starts the transfer by `begin` and waits for its head. To be called once, before all else.
    func head(_ begin: @Sendable () throws -> HTTPTask) async throws -> HTTPHead {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.headWaiter = continuation }
                do {
                    let task = try begin()
                    let late = state.withLock { state in
                        state.task = task
                        return state.cancelled
                    }
                    if late { task.cancel() }
                } catch {
                    state.withLock { $0.headWaiter.take() }?.resume(throwing: error)
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// The next line; nil at the end, and after an error. Throws `usage` when another task waits for a line already.
    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (answer, resumed) = state.withLock { state in
                    guard state.lineWaiter == nil else {
                        let error = HermesError(.usage, "two tasks read the lines of \(name) at once")
                        return (Answer.failure(error) as Answer?, nil as HTTPTask?)
                    }
                    let answer = take(&state)
                    if answer == nil { state.lineWaiter = continuation }
                    return (answer, taskToResume(&state))
                }
                resumed?.resume()
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Ends the transfer, because the reader wants no more lines. May be called more than once.
    func cancel() {
        let (task, waiter, answer) = state.withLock { state in
            state.cancelled = true
            state.buffer.removeAll()
            let waiter = state.lineWaiter.take()
            return (state.task, waiter, waiter == nil ? nil : take(&state))
        }
        task?.cancel()
        if let answer { waiter?.resume(with: answer) }
    }

    /// The answer that a reader gets now; nil when the reader has to wait.
    private func take(_ state: inout State) -> Answer? {
        if state.failed { return .success(nil) }
        if state.cancelled { return fail(&state, HermesError(.interrupted, "the request to \(name) was cancelled")) }
        do {
            if let line = try state.buffer.next() { return .success(line) }
            switch state.end {
            case nil: return nil
            case .success: return .success(try state.buffer.rest())
            // Half a line is worth nothing.
            case .failure(let error): return fail(&state, error)
            }
        } catch {
            state.task?.cancel()
            let limit = state.buffer.limit
            let error = HermesError(.protocolViolation, "\(name) answers with a line of more than \(limit) bytes")
            return fail(&state, error)
        }
    }

    private func fail(_ state: inout State, _ error: HermesError) -> Answer {
        state.buffer.removeAll()
        state.failed = true
        return .failure(error)
    }

    /// The task whose transfer can go on, now that there is room.
    private func taskToResume(_ state: inout State) -> HTTPTask? {
        guard state.paused, !isFull(state.buffer) else { return nil }
        state.paused = false
        return state.task
    }

    /// Whether the buffer holds enough for now. The transfer must not pause within a line, because no reader could take
    /// half a line.
    private func isFull(_ buffer: LineBuffer) -> Bool { buffer.hasLine && buffer.count >= Self.window }

    func began(_ head: HTTPHead) -> Bool {
        let waiter = state.withLock { $0.headWaiter.take() }
        waiter?.resume(returning: head)
        return true
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        let (flow, waiter, answer) = state.withLock { state in
            if state.cancelled || state.failed { return (HTTPFlow.stop, nil as Waiter?, nil as Answer?) }
            guard !isFull(state.buffer) else {
                state.paused = true
                return (.full, nil, nil)
            }
            state.buffer.append(bytes)
            let flow = state.buffer.isOverlong ? HTTPFlow.stop : .taken
            guard let waiter = state.lineWaiter, let answer = take(&state) else { return (flow, nil, nil) }
            state.lineWaiter = nil
            return (flow, waiter, answer)
        }
        if let answer { waiter?.resume(with: answer) }
        return flow
    }

    func finished(_ result: Result<Void, HermesError>) {
        let (headWaiter, waiter, answer) = state.withLock { state in
            if state.end == nil { state.end = result }
            guard let waiter = state.lineWaiter.take() else {
                return (state.headWaiter.take(), nil as Waiter?, nil as Answer?)
            }
            return (state.headWaiter.take(), waiter, take(&state))
        }
        switch result {
        case .failure(let error): headWaiter?.resume(throwing: error)
        case .success:
            headWaiter?.resume(throwing: HermesError(.protocolViolation, "\(name) gave no answer"))
        }
        if let answer { waiter?.resume(with: answer) }
    }

}
