import HermesSupport
import HermesTestKit

@testable import HermesHTTP

/// The server of Fixtures/http-server.py; it ends with the last reference to this.
final class HTTPTestServer: Sendable {
    private let process: TestProcess
    let port: Int

    init() throws {
        process = try TestProcess(python: Fixture.path("http-server.py"))
        guard let port = Int(process.line()) else { throw TestProcess.Failed(description: "no HTTP server") }
        self.port = port
    }

    func request(_ path: String, method: String = "GET", body: HTTPRequest.Body = .none) throws -> HTTPRequest {
        HTTPRequest(method, try HTTPURL("http://127.0.0.1:\(port)\(path)"), body: body)
    }

    /// The body of a short answer.
    @discardableResult
    func text(_ path: String, _ client: HTTPClient) async throws -> String {
        String(decoding: try await client.send(request(path), limit: 1 << 20).body, as: UTF8.self)
    }
}
