import HermesHTTP
import HermesSupport

extension RegistryHost {
    /// The hosts of a registry in the order in which they are asked: the mirrors of its configuration, then the server,
    /// which is the registry itself unless the configuration names another. `plainHTTP` is for the registry itself.
    static func configured(
        registry: String, plainHTTP: Bool?, folder: HostsFolder?, http: HTTPClient,
        credentials: @escaping CredentialLookup
    ) throws -> [RegistryHost] {
        let file = try folder?.file(for: registry) ?? HostsFile()
        do {
            var hosts = try file.hosts.flatMap {
                try make($0, registry, plainHTTP, isLast: false, http, credentials)
            }
            hosts += try make(file.server, registry, plainHTTP, isLast: true, http, credentials)
            return hosts
        } catch {
            guard let folder else { throw error }
            throw HermesError(
                HermesError.from(error).code, "the configuration of \(registry) in \(folder.path) cannot be used",
                cause: error)
        }
    }

    private static func make(
        _ host: HostsFile.Host, _ registry: String, _ plainHTTP: Bool?, isLast: Bool, _ http: HTTPClient,
        _ credentials: @escaping CredentialLookup
    ) throws -> [RegistryHost] {
        let own = registry == Reference.dockerHub ? "registry-1.docker.io" : registry
        // As with containerd, a registry on loopback speaks plain HTTP unless something is said about its certificate.
        let isPlain = plainHTTP ?? (HTTPURL.isLoopback(own) && !host.hasTLSSettings)
        let url = try HTTPURL(host.url ?? "\(isPlain ? "http" : "https")://\(own)")
        let isOwn = url.authority == (try HTTPURL("\(url.scheme)://\(own)")).authority
        let isSpecial = host.hasTLSSettings || host.dialTimeout != nil || host.proxy != nil || !isLast
        // A dead mirror keeps its readers waiting for less than the registry may.
        let settings =
            isSpecial
            ? try host.connection(system: http.authorities, connectTimeout: isLast ? nil : 5000) : nil
        func served(at url: HTTPURL) throws -> RegistryHost {
            try RegistryHost(
                name: isOwn ? registry : url.authority, url: apiRoot(url, host), namespace: isOwn ? nil : registry,
                capabilities: host.capabilities, headers: host.headers, settings: settings, http: http,
                credentials: credentials)
        }
        // containerd reads settings of TLS for an http URL as "perhaps https": it tries that first.
        guard host.url != nil, url.scheme == "http", host.hasTLSSettings, url.port != 80 else {
            return [try served(at: url)]
        }
        return [try served(at: HTTPURL("https" + url.text.dropFirst(4))), try served(at: url)]
    }

    /// The URL with the path of the API: "/v2" is added unless it is there or the path stands as it is.
    private static func apiRoot(_ url: HTTPURL, _ host: HostsFile.Host) throws -> HTTPURL {
        var path = url.path.split(separator: "/").map { "/\($0)" }.joined()
        if !host.overridePath, !path.hasSuffix("/v2") { path += "/v2" }
        return try HTTPURL(url.origin + path)
    }
}

extension HostsFile.Host {
    /// Reads the files. `system` is the file of the authorities that are trusted anyway. Throws `corrupt` for one without
    /// a certificate, and as a file that cannot be read does.
    fileprivate func connection(system: String?, connectTimeout: Int?) throws -> HTTPConnectionSettings {
        var pem: [UInt8]?
        for path in authorities {
            let bytes = try LocalFile.read(path, limit: 4 << 20)
            guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
                throw HermesError(.corrupt, "\(path) has no certificate")
            }
            pem = try (pem ?? system.map { try LocalFile.read($0, limit: 16 << 20) } ?? []) + [0x0a] + bytes
        }
        // libcurl shows one certificate per connection; containerd's first is the one that matters.
        return HTTPConnectionSettings(
            authorities: pem, client: clients.first.map { .files(certificate: $0.certificate, key: $0.key) },
            verifies: skipVerify != true,
            connectTimeout: dialTimeout ?? connectTimeout, proxy: try proxy.map { try HTTPProxy($0, from: "proxy") })
    }
}

extension HTTPURL {
    /// Host and port, without the scheme's own.
    var authority: String { port == (scheme == "https" ? 443 : 80) ? host : "\(host):\(port)" }
}
