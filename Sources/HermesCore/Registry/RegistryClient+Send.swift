extension RegistryClient {
    /// Asks one host after the other until `body` succeeds with one. When all failed for the time being, they are asked
    /// again by the retry policy. `thing` names what is asked for, so that a host that lacks it is not asked for it
    /// again soon. Throws the failure that counts (`HostRound`).
    func onHosts<Value>(
        _ capability: HostCapabilities, for thing: String?, _ body: (RegistryHost) async throws -> Value
    ) async throws -> Value {
        try await retrying {
            var round = self.round(capability, thing: thing)
            var asked: Int64?
            while let index = round.next() {
                do {
                    let value = try await body(hosts[index])
                    succeeded(index)
                    return value
                } catch {
                    let temporary = error as? Temporary
                    let failure = temporary?.error ?? HermesError.from(error)
                    guard HostHealth.Fault(failure) != nil else { throw failure }
                    asked = temporary?.asked
                    failed(index, failure, thing: thing)
                    round.failed(index, failure)
                }
            }
            throw Temporary(error: round.error ?? noHost(capability), asked: asked)
        }
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
            guard failure.error.code == .unavailable,
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
