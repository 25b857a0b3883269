/// How connections to one host are made, where it is not as with any other. Immutable; can be used from any thread.
final class HTTPHostSettings: Sendable {
    /// PEM certificates of all authorities to trust; nil for the client's own.
    let authorities: [UInt8]?
    /// The file of a client's certificate, and that of its key where it has one of its own.
    let client: HostsFile.ClientCertificate?
    /// Whether the server's certificate is checked.
    let verifies: Bool
    /// Milliseconds that a connection may take; nil for the default.
    let connectTimeout: Int?
    /// The proxy's URL in place of the environment's; nil for that.
    let proxy: String?

    /// Reads the files. `system` is the file of the authorities that are trusted anyway. Throws `corrupt` for one without
    /// a certificate, and as a file that cannot be read does.
    init(_ host: HostsFile.Host, system: String?, connectTimeout: Int?) throws {
        var pem: [UInt8]?
        for path in host.authorities {
            let bytes = try LocalFile.read(path, limit: 4 << 20)
            guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
                throw HermesError(.corrupt, "\(path) has no certificate")
            }
            pem = try (pem ?? system.map { try LocalFile.read($0, limit: 16 << 20) } ?? []) + [0x0a] + bytes
        }
        authorities = pem
        // libcurl shows one certificate per connection; containerd's first is the one that matters.
        client = host.clients.first
        verifies = host.skipVerify != true
        self.connectTimeout = host.dialTimeout ?? connectTimeout
        proxy = host.proxy
    }
}
