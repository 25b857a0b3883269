import Dispatch
import Synchronization

/// Runs asynchronous work and waits for it, on a thread that may block: never on one of Swift's cooperative threads.
///
/// Commands are plain programs: they block where they must. Only the layers below them are asynchronous.
package func waiting<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) throws -> Result {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
    Task.detached {
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        outcome.withLock { $0 = result }
        done.signal()
    }
    done.wait()
    guard let result = outcome.withLock({ $0 }) else {
        throw HermesError(.system, "the work ended without a result")
    }
    return try result.get()
}
