import HermesHTTP
import HermesKubernetes
import HermesSupport
import HermesTestKit

/// The server of Fixtures/api-server.py, which answers what a test tells it; it ends with the last reference to this.
final class ScriptedServer: Sendable {
    struct Answer: Encodable {
        var status = 200
        var headers: [String: String] = [:]
        var body = ""
        /// Whether the connection breaks behind the body.
        var cut = false
        /// Whether the answer has no end.
        var silent = false
    }

    struct Request: Decodable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: String
    }

    private let process: TestProcess
    let http: HTTPClient
    let url: String

    init() throws {
        process = try TestProcess(python: Fixture.path("api-server.py"))
        url = "http://127.0.0.1:\(process.line())"
        http = try HTTPClient()
    }

    func client(_ credentials: ClusterCredentials = .none) throws -> KubernetesClient {
        KubernetesClient(ClusterConfiguration(server: try HTTPURL(url), credentials: credentials), http: http)
    }

    func answer(_ answers: [Answer]) async throws {
        let request = HTTPRequest("POST", try HTTPURL("\(url)/script"), body: .bytes(try JSON.encode(answers)))
        _ = try await http.send(request, limit: 1 << 20)
    }

    /// The calls so far.
    func requests() async throws -> [Request] {
        let response = try await http.send(HTTPRequest("GET", try HTTPURL("\(url)/requests")), limit: 1 << 20)
        return try JSON.decode([Request].self, from: response.body, name: "the requests")
    }
}
