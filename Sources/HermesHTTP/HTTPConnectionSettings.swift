/// How connections to one host are made, where it is not as with any other. Immutable; can be used from any thread.
package final class HTTPConnectionSettings: Sendable {
    /// PEM certificates of all authorities to trust; nil for the client's own.
    let authorities: [UInt8]?
    /// What the client proves itself with; nil for nothing.
    let client: HTTPClientCertificate?
    /// Whether the server's certificate is checked.
    let verifies: Bool
    /// Milliseconds that a connection may take; nil for the default.
    let connectTimeout: Int?
    /// The proxy in place of the environment's; nil for that.
    let proxy: HTTPProxy?

    package init(
        authorities: [UInt8]? = nil, client: HTTPClientCertificate? = nil, verifies: Bool = true,
        connectTimeout: Int? = nil, proxy: HTTPProxy? = nil
    ) {
        self.authorities = authorities
        self.client = client
        self.verifies = verifies
        self.connectTimeout = connectTimeout
        self.proxy = proxy
    }
}
