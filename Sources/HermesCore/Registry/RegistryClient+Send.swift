import HermesSupport

extension RegistryClient {
    /// Asks one host after the other until `body` succeeds with one. When all hosts failed for the time being, they are
    /// asked again by the retry policy. `thing` names the blob or manifest that is asked for, so that a host that lacks
    /// it is not asked for it again soon. Throws the failure that counts (`HostRound`).
    func onHosts<Value>(
        _ capability: HostCapabilities, for thing: String?, _ body: (RegistryHost) async throws -> Value
    ) async throws -> Value {
        try await retrying {
            var round = self.round(capability, thing: thing)
            while let index = round.next() {
                do {
                    let value = try await body(hosts[index])
                    succeeded(index)
                    return value
                } catch {
                    let failure = HermesError.from(error)
                    guard HostHealth.Fault(failure) != nil else { throw failure }
                    failed(index, failure, thing: thing)
                    round.failed(index, failure)
                }
            }
            throw round.error ?? noHost(capability)
        }
    }

    /// Tries `body` until it succeeds, fails for good, or the policy gives up. Throws the last failure.
    func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
        var failures = 0
        while true {
            let failure: HermesError
            do {
                return try await body()
            } catch let error as HermesError where error.code == .unavailable {
                failure = error
            }
            failures += 1
            guard
                let delay = retries.delay(
                    failures: failures, asked: failure.retryAfter, random: .random(in: 0...1))
            else { throw failure }
            do {
                try await Task.sleep(for: .milliseconds(delay))
            } catch {
                throw HermesError(.interrupted, "cancelled", cause: failure)
            }
        }
    }
}
