/// One registry: its host, its credentials, its connections (OCI distribution spec 1.1).
///
/// Can be used from any thread. The parts are in `RegistryClient+…`: manifests, blobs, pushing, referrers.
public final class RegistryClient: Sendable {
    /// The registry as references name it, which is also what errors call it.
    public let name: String
    let http: HTTPClient
    /// Scheme and host, with the path "/".
    let base: HTTPURL
    let authenticator: Authenticator
    let targets: BlobTargets
    let retries: RetryPolicy

    /// Makes a client for `registry`, named as references name it ("docker.io", "localhost:5000"). With `plainHTTP` nil,
    /// plain HTTP is for this machine itself and TLS for all others, as containerd has it. Throws `usage` for a name
    /// that is none.
    public convenience init(
        registry: String, plainHTTP: Bool? = nil, http: HTTPClient,
        credentials: @escaping CredentialLookup = DockerConfig.lookup
    ) throws {
        try self.init(
            registry: registry, plainHTTP: plainHTTP, http: http, credentials: credentials,
            retries: RetryPolicy())
    }

    init(
        registry: String, plainHTTP: Bool?, http: HTTPClient, credentials: @escaping CredentialLookup,
        retries: RetryPolicy
    ) throws {
        guard Reference.isRegistry(registry) else {
            throw HermesError(.usage, "\"\(registry.printable(100))\" is not the name of a registry")
        }
        let host = registry == Reference.dockerHub ? "registry-1.docker.io" : registry
        let scheme = plainHTTP ?? Reference.isLoopback(host) ? "http" : "https"
        name = registry
        base = try HTTPURL("\(scheme)://\(host)/")
        self.http = http
        self.retries = retries
        authenticator = Authenticator(registry: registry, base: base, http: http, lookup: credentials)
        targets = BlobTargets()
    }

    /// Makes a client for the registry of a reference.
    public convenience init(
        for reference: Reference, plainHTTP: Bool? = nil, http: HTTPClient,
        credentials: @escaping CredentialLookup = DockerConfig.lookup
    ) throws {
        try self.init(
            registry: reference.registry, plainHTTP: plainHTTP, http: http, credentials: credentials)
    }

    /// The URL of something in a repository. Throws `usage` for a name that is no repository's: it becomes a path.
    func url(_ repository: String, _ path: String) throws -> HTTPURL {
        guard Reference.isRepository(repository[...]) else {
            throw HermesError(.usage, "\"\(repository.printable(100))\" is not the name of a repository")
        }
        return try HTTPURL("\(base.text)v2/\(repository)/\(path)")
    }

    /// The scope of a token that lets one read.
    static func pullScope(_ repository: String) -> String { "repository:\(repository):pull" }
    /// The scope of a token that lets one read and write.
    static func pushScope(_ repository: String) -> String { "repository:\(repository):pull,push" }
}
