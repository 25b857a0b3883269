import HermesHTTP
import HermesSupport

extension ControllerClient {
    /// The status with which the controller answers whether it lives: 200 where it does. The circuit has no say.
    func health(timeLimit: Int) async throws -> Int {
        try await http.send(try request("/healthz", timeLimit: timeLimit), limit: 64 << 10).head.status
    }
}
