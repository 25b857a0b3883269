import Synchronization

/// One registry: its hosts, which are itself and its mirrors, its credentials, its connections (OCI distribution
/// spec 1.1).
///
/// Can be used from any thread. The parts are in `RegistryClient+…`: manifests, blobs, pushing, referrers.
public final class RegistryClient: Sendable {
    /// The registry as references name it, which is also what errors call it.
    public let name: String
    let http: HTTPClient
    /// Whom to ask, in this order.
    let hosts: [RegistryHost]
    private let health: Mutex<HostHealth>
    let retries: RetryPolicy

    /// Makes a client for `registry`, named as references name it ("docker.io", "localhost:5000"). With `plainHTTP` nil,
    /// plain HTTP is for this machine itself and TLS for all others, as containerd has it. `hosts` names mirrors and
    /// certificates as containerd's configuration does; nil for none. Throws `usage` for a name that is none, and
    /// `corrupt`, `notFound` or `denied` for a configuration that cannot be used.
    public convenience init(
        registry: String, plainHTTP: Bool? = nil, http: HTTPClient,
        credentials: @escaping CredentialLookup = CredentialSources.standard, hosts: HostsFolder? = .standard
    ) throws {
        try self.init(
            registry: registry, plainHTTP: plainHTTP, http: http, credentials: credentials, hosts: hosts,
            retries: RetryPolicy())
    }

    init(
        registry: String, plainHTTP: Bool?, http: HTTPClient, credentials: @escaping CredentialLookup,
        hosts: HostsFolder? = nil, retries: RetryPolicy, health: HostHealth = HostHealth()
    ) throws {
        guard Reference.isRegistry(registry) else {
            throw HermesError(.usage, "\"\(registry.printable(100))\" is not the name of a registry")
        }
        name = registry
        self.http = http
        self.retries = retries
        self.health = Mutex(health)
        self.hosts = try RegistryHost.configured(
            registry: registry, plainHTTP: plainHTTP, folder: hosts, http: http, credentials: credentials)
    }

    /// Makes a client for the registry of a reference.
    public convenience init(
        for reference: Reference, plainHTTP: Bool? = nil, http: HTTPClient,
        credentials: @escaping CredentialLookup = CredentialSources.standard, hosts: HostsFolder? = .standard
    ) throws {
        try self.init(
            registry: reference.registry, plainHTTP: plainHTTP, http: http, credentials: credentials,
            hosts: hosts)
    }

    /// The scope of a token that lets one read.
    static func pullScope(_ repository: String) -> String { "repository:\(repository):pull" }
    /// The scope of a token that lets one read and write.
    static func pushScope(_ repository: String) -> String { "repository:\(repository):pull,push" }

    // MARK: Choosing a host

    /// The order in which the hosts that may do it are asked for something.
    func round(_ capability: HostCapabilities, thing: String?) -> HostRound {
        let eligible = hosts.indices.filter { hosts[$0].capabilities.contains(capability) }
        return health.withLock { $0.round(eligible, thing: thing, now: .now()) }
    }

    /// Takes note of a host that did what it was asked for.
    func succeeded(_ host: Int) { health.withLock { $0.succeeded(host) } }

    /// Takes note of a host that did not.
    func failed(_ host: Int, _ error: HermesError, thing: String?) {
        guard let fault = HostHealth.Fault(error) else { return }
        health.withLock { $0.failed(host, fault, thing: thing, now: .now()) }
    }

    /// The error of a registry none of whose hosts may do something.
    func noHost(_ capability: HostCapabilities) -> HermesError {
        let word = capability == .push ? "push" : capability == .resolve ? "resolve" : "pull"
        return HermesError(.unsupported, "no host that is configured for \(name) is for \"\(word)\"")
    }

    /// The one host that takes uploads, as with containerd the first that may. Throws `unsupported` when none does.
    func pushHost() throws -> RegistryHost {
        guard let host = hosts.first(where: { $0.capabilities.contains(.push) }) else { throw noHost(.push) }
        return host
    }
}
