/// A whole answer in memory.
package struct HTTPResponse: Sendable {
    /// Status and headers.
    package let head: HTTPHead
    /// The body.
    package let body: [UInt8]
}

extension HTTPClient {
    /// Sends a request and collects the answer, whatever its status. Throws `unavailable` and `protocolViolation` for
    /// transport failures, `protocolViolation` for a body of more than `limit` bytes, and `interrupted` when the task is
    /// cancelled.
    package func send(_ request: HTTPRequest, limit: Int) async throws -> HTTPResponse {
        try await HTTPCollector.response { completion in
            let collector = HTTPCollector(limit: limit, completion: completion)
            let task = try self.start(request, handler: collector)
            return Cancellation { task.cancel() }
        }
    }
}
