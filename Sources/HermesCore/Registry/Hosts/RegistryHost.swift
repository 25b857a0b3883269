import HermesHTTP
import HermesSupport

/// One host that serves a registry's images: the registry itself or a mirror, with its own login and redirects.
///
/// Can be used from any thread.
final class RegistryHost: Sendable {
    /// The host's name in errors, under which its credentials are kept too.
    let name: String
    /// The API's root without a slash at its end: "https://host:443/v2".
    private let root: String
    /// Scheme and host, with the path "/".
    let base: HTTPURL
    /// The registry's name, which a mirror of several wants to know (containerd docs/hosts.md, `ns`).
    private let namespace: String?
    let capabilities: HostCapabilities
    let headers: [(name: String, value: String)]
    let settings: HTTPConnectionSettings?
    let http: HTTPClient
    let authenticator: Authenticator
    let redirects = BlobRedirects()

    /// `url` is the host's with the path that its API has. `settings` is nil where there is nothing special.
    init(
        name: String, url: HTTPURL, namespace: String?, capabilities: HostCapabilities = .all,
        headers: [HostsFile.HostHeader] = [], settings: HTTPConnectionSettings? = nil, http: HTTPClient,
        credentials: @escaping CredentialLookup
    ) throws {
        self.name = name
        base = try HTTPURL("\(url.origin)/")
        root = url.origin + (url.path == "/" ? "" : url.path)
        self.namespace = namespace
        self.capabilities = capabilities
        self.headers = headers.map { ($0.name, $0.value) }
        self.settings = settings
        self.http = http
        authenticator = Authenticator(
            registry: name, base: base, http: http, settings: settings, lookup: credentials)
    }

    /// The URL of something in a repository. Throws `usage` for an invalid repository name: the name becomes a path.
    func url(_ repository: String, _ path: String) throws -> HTTPURL {
        guard Reference.isRepository(repository[...]) else {
            throw HermesError(.usage, "\"\(repository.printable(100))\" is not the name of a repository")
        }
        let url = try HTTPURL("\(root)/\(repository)/\(path)")
        return try namespace.map { try url.adding("ns", $0) } ?? url
    }

    /// Sends a request with authorisation, once, and collects the answer, whatever its status but temporary ones, which
    /// are thrown as `unavailable`. Throws as `HTTPClient.send` does, and `denied`.
    func send(_ request: HTTPRequest, scope: String, limit: Int) async throws -> HTTPResponse {
        let response = try await HTTPCollector.response { completion in
            let collector = HTTPCollector(limit: limit, completion: completion)
            let exchange = RegistryExchange(self, request, scope: scope, handler: collector)
            exchange.start()
            return Cancellation { exchange.cancel() }
        }
        if RetryPolicy.isTemporary(response.head.status) {
            throw failure(response.head, response.body, what: request.url.display)
        }
        return response
    }
}
