import HermesHTTP
import HermesSupport
import Synchronization

/// One registry: its hosts, which are itself and its mirrors, its credentials, its connections (OCI distribution
/// spec 1.1).
///
/// Can be used from any thread. The parts are in `RegistryClient+…`: manifests, blobs, pushing, referrers.
package final class RegistryClient: Sendable {
    /// The registry's name in references and errors.
    package let name: String
    let http: HTTPClient
    /// The hosts to ask, in this order.
    let hosts: [RegistryHost]
    private let health: Mutex<HostHealth>
    let retries: RetryPolicy

    /// Makes a client for `registry`, named as references name it ("docker.io", "localhost:5000"). With `plainHTTP`
    /// nil, plain HTTP is for this machine itself and TLS for all others, as containerd has it. `hosts` names mirrors
    /// and certificates as containerd's configuration does; with nil there are none. Throws `usage` for an invalid
    /// registry name, and `corrupt`, `notFound` or `denied` for a configuration that cannot be used.
    package convenience init(
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
    package convenience init(
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

    /// The order in which the hosts with a capability are asked for a thing, by a caller that waits until `deadline`.
    func round(_ capability: HostCapabilities, thing: String?, deadline: Monotonic? = nil) -> HostRound {
        let eligible = hosts.indices.filter { hosts[$0].capabilities.contains(capability) }
        let now = Monotonic.now()
        var round = health.withLock { $0.round(eligible, thing: thing, now: now, deadline: deadline) }
        for (host, until) in round.resting {
            let wait = RetryAfter(milliseconds: Int64(until.milliseconds(since: now)) + 1)
            round.failed(
                host, HermesError(.unavailable, "\(hosts[host].name) limits the rate of requests", cause: wait))
        }
        return round
    }

    /// Takes note of the milliseconds that a host took to its first byte.
    func answered(_ host: Int, after time: Int) { health.withLock { $0.answered(host, after: time) } }

    /// Takes note of a host that another one, asked later, outran.
    func lost(_ host: Int) { health.withLock { $0.lost(host, now: .now()) } }

    /// Takes note of a host that delivered wrong bytes of a blob: other hosts are asked for the rest of the blob.
    func blame(_ name: String, _ blob: BlobRedirects.Blob) {
        for (index, host) in hosts.enumerated() where host.name == name {
            health.withLock { $0.failed(index, .lacksIt, thing: blob.description, now: .now()) }
            // The fault may lie in the object store, or in the cache before it, to which the host redirected.
            try? http.perform { host.redirects[blob] = nil }
        }
    }

    /// Takes note of a host that answered with success.
    func succeeded(_ host: Int) { health.withLock { $0.succeeded(host) } }

    /// Takes note of a host that failed.
    func failed(_ host: Int, _ error: HermesError, thing: String?) {
        guard let fault = HostHealth.Fault(error) else { return }
        if let asked = error.retryAfter, asked > 0 {
            // The host is in order, and says itself when it can be asked again.
            let until = Monotonic.now().adding(milliseconds: Int(min(asked, retries.longestAsked)))
            return health.withLock { $0.rest(host, until: until) }
        }
        health.withLock { $0.failed(host, fault, thing: thing, now: .now()) }
    }

    /// The error of a registry without a host that has the capability.
    func noHost(_ capability: HostCapabilities) -> HermesError {
        let word = capability == .push ? "push" : capability == .resolve ? "resolve" : "pull"
        return HermesError(.unsupported, "no host that is configured for \(name) has the capability \"\(word)\"")
    }

    /// The one host that takes uploads, as with containerd the first that may. Throws `unsupported` without one.
    func pushHost() throws -> RegistryHost {
        guard let host = hosts.first(where: { $0.capabilities.contains(.push) }) else { throw noHost(.push) }
        return host
    }
}
