import Dispatch

/// Work that blocks on the disk or the network, run on threads that Dispatch makes as they are needed, never on Swift's
/// cooperative ones.
package struct BlockingWork: Sendable {
    private let queue = DispatchQueue(label: "hermes-blocking", attributes: .concurrent)

    package init() {}

    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result(catching: body)) }
        }
    }
}
