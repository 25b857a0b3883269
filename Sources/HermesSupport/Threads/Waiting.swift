import Dispatch
import Synchronization

/// Runs asynchronous work and waits for it, on a thread that may block: never on one of Swift's cooperative threads.
///
/// Commands are plain programs: they block where they must. Only the layers below them are asynchronous.
package func waiting<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    let work = AwaitedWork(body)
    work.done.wait()
    return try work.result()
}

/// Does the same until `deadline`. Then it cancels the work and throws `unavailable`; the work may take a moment to end.
package func waiting<Result: Sendable>(
    until deadline: Monotonic, _ body: @escaping @Sendable () async throws -> Result
) throws -> Result {
    let pause = max(0, Int(deadline.milliseconds(since: .now())))
    let work = AwaitedWork(body)
    guard work.done.wait(timeout: .now() + .milliseconds(pause)) == .success else {
        work.task.cancel()
        throw HermesError(.unavailable, "there was no answer in \(Double(pause) / 1000) s")
    }
    return try work.result()
}

/// Work that a thread waits for.
private struct AwaitedWork<Value: Sendable> {
    let done: DispatchSemaphore
    let task: Task<Void, Never>
    private let outcome: Outcome

    private final class Outcome: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    init(_ body: @escaping @Sendable () async throws -> Value) {
        let (done, outcome) = (DispatchSemaphore(value: 0), Outcome())
        self.done = done
        self.outcome = outcome
        task = Task.detached {
            let result: Result<Value, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            outcome.result.withLock { $0 = result }
            done.signal()
        }
    }

    /// To be called when `done` was signalled.
    func result() throws -> Value {
        guard let result = outcome.result.withLock({ $0 }) else {
            throw HermesError(.system, "the work ended without a result")
        }
        return try result.get()
    }
}
