import HermesHTTP
import HermesSupport

/// A client of one API server. Can be used from any thread.
///
/// A call that the server refuses throws a `HermesError` whose cause is a `KubernetesStatus`: `denied` for 401 and 403,
/// `notFound` for 404 and 410, `cannotCreate` for 409, `unavailable` for 429 and 5xx, else `protocolViolation`. Nothing
/// is tried again but a call with credentials that were renewed after a 401. A call also throws as `HTTPClient.send`
/// does, `corrupt` for an answer that is not what it should be, and as credentials that cannot be had do.
package final class KubernetesClient: Sendable {
    /// The most that an answer may have, in bytes. An object of etcd's has 1.5 MiB at most.
    static let answerLimit = 64 << 20
    /// The most that a line of a watch may have, in bytes.
    static let lineLimit = 16 << 20
    /// How many seconds a call may take.
    static let timeLimit = 60

    package let configuration: ClusterConfiguration
    private let http: HTTPClient
    private let authenticator: ClusterAuthenticator
    private let base: String

    /// Makes a client that uses the connections of `http`.
    package init(_ configuration: ClusterConfiguration, http: HTTPClient) {
        self.configuration = configuration
        self.http = http
        authenticator = ClusterAuthenticator(configuration)
        let server = configuration.server.text
        base = server.hasSuffix("/") ? String(server.dropLast()) : server
    }

    /// A call before it is sent.
    struct Call: Sendable {
        var method = "GET"
        var path: ResourcePath
        var query: [(name: String, value: String)] = []
        var body: [UInt8]?
        var contentType = "application/json"
        /// What the call does, for errors, such as "cannot list".
        var action: String

        var failure: String { "\(action) \(path)" }
    }

    /// Sends a call and returns the body of the answer.
    func send(_ call: Call) async throws -> [UInt8] {
        try await attempt(call) { request in
            var request = request
            request.timeLimit = Self.timeLimit
            let response = try await self.http.send(request, limit: Self.answerLimit)
            return (response.head, { response.body }, response.body)
        }
    }

    /// Sends a call whose answer is lines without an end. `seconds` is how long the server is asked to go on; the
    /// answer is given up when it is still there half a minute later.
    func lines(_ call: Call, seconds: Int) async throws -> HTTPLineStream {
        try await attempt(call) { request in
            var request = request
            request.stallLimit = nil
            request.timeLimit = seconds + 30
            let stream = try await self.http.lines(request, limit: Self.lineLimit)
            let body: @Sendable () async throws -> [UInt8] = {
                // A Status is one line; a proxy's page is of no use.
                var lines = stream.makeAsyncIterator()
                return try await lines.next() ?? []
            }
            return (stream.head, body, stream)
        }
    }

    /// Sends a request with the credentials, again when they could be renewed after a 401, and checks the answer.
    private func attempt<Answer>(
        _ call: Call,
        _ send: (HTTPRequest) async throws -> (
            head: HTTPHead, body: @Sendable () async throws -> [UInt8], answer: Answer
        )
    ) async throws -> Answer {
        var wasRefused = false
        while true {
            let access = try await authenticator.access()
            let (head, body, answer) = try await send(try request(call, access))
            if (200..<300).contains(head.status) { return answer }
            if head.status == 401, !wasRefused, authenticator.refused(access) {
                wasRefused = true
                continue
            }
            let status = KubernetesStatus(
                code: head.status, retryAfter: head["retry-after"], body: (try? await body()) ?? [])
            throw HermesError.refused(call.failure, status)
        }
    }

    private func request(_ call: Call, _ access: ClusterAuthenticator.Access) throws -> HTTPRequest {
        let query = call.query.map { "\($0.name)=\(HTTPURL.encode($0.value))" }.joined(separator: "&")
        let url = try HTTPURL(base + call.path.text() + (query.isEmpty ? "" : "?\(query)"))
        var request = HTTPRequest(call.method, url, headers: [("Accept", "application/json")])
        if let body = call.body {
            request.body = .bytes(body)
            request.headers.append(("Content-Type", call.contentType))
        }
        if let token = access.token { request.originHeaders = [("Authorization", "Bearer \(token)")] }
        request.redirects = 0
        request.settings = access.settings
        return request
    }
}
