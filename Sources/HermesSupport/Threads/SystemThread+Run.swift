extension SystemThread {
    /// Runs `body`, which may block, on a thread of its own while the calling task is suspended: the way from asynchronous
    /// code to code that waits. The task's end does not end `body`. Throws what `body` throws, and `system` as `init` does.
    package static func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do {
                try SystemThread(name) { continuation.resume(with: Result(catching: body)) }.detach()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
