extension RegistryClient {
    /// Sends a request with authorisation and collects the answer, whatever its status but temporary ones: those and
    /// broken connections are tried again by the retry policy. Throws as `HTTPClient.send` does, and `denied`.
    func send(_ request: HTTPRequest, scope: String, limit: Int) async throws -> HTTPResponse {
        try await retrying { try await self.sendOnce(request, scope: scope, limit: limit) }
    }

    /// As `send`, with a single try; a temporary status is thrown as `Temporary`.
    func sendOnce(_ request: HTTPRequest, scope: String, limit: Int) async throws -> HTTPResponse {
        let response = try await HTTPCollector.response { completion in
            let collector = HTTPCollector(limit: limit, completion: completion)
            let exchange = RegistryExchange(self, request, scope: scope, handler: collector)
            exchange.start()
            return Cancellation { exchange.cancel() }
        }
        if RetryPolicy.isTemporary(response.head.status) {
            throw Temporary(
                error: failure(response.head, response.body, what: request.url.display),
                asked: RetryPolicy.asked(by: response.head))
        }
        return response
    }

    /// A failure that another try may not meet.
    struct Temporary: Error {
        let error: HermesError
        /// The milliseconds that the server wants us to wait.
        let asked: Int64?
    }

    /// Tries `body` until it succeeds, fails for good, or the policy gives up. Throws the last failure.
    func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
        var failures = 0
        while true {
            let failure: Temporary
            do {
                return try await body()
            } catch let temporary as Temporary {
                failure = temporary
            } catch let error as HermesError where error.code == .unavailable {
                failure = Temporary(error: error, asked: nil)
            }
            failures += 1
            guard
                let delay = retries.delay(
                    failures: failures, asked: failure.asked, random: .random(in: 0...1))
            else { throw failure.error }
            do {
                try await Task.sleep(for: .milliseconds(delay))
            } catch {
                throw HermesError(.interrupted, "cancelled", cause: failure.error)
            }
        }
    }
}
