import HermesSupport

extension KubernetesClient {
    /// Runs `body`, which calls the API server, until `deadline`, then cancels it and throws `unavailable`.
    package static func withDeadline<Value: Sendable>(
        _ deadline: Monotonic, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let pause = max(0, Int(deadline.milliseconds(since: .now())))
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .milliseconds(pause))
                throw HermesError(.unavailable, "the API server did not answer in \(Double(pause) / 1000) s")
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw HermesError(.system, "the work has no result") }
            return value
        }
    }
}
