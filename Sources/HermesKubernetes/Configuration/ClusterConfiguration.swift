import HermesHTTP
import HermesSupport

/// Where an API server is, whom to trust there, and what to prove oneself with. A value.
package struct ClusterConfiguration: Sendable {
    /// The server's URL; a path is kept and comes before that of each call.
    package var server: HTTPURL
    /// PEM certificates of the authorities to trust; nil for those of the machine.
    package var authorities: [UInt8]?
    /// Whether the server's certificate is checked.
    package var verifies: Bool
    /// The proxy in place of the environment's; nil for that.
    package var proxy: HTTPProxy?
    /// The namespace that the configuration is about: that of the Pod, or of the kubeconfig's context.
    package var namespace: String
    package var credentials: ClusterCredentials

    package init(
        server: HTTPURL, authorities: [UInt8]? = nil, verifies: Bool = true, proxy: HTTPProxy? = nil,
        namespace: String = "default", credentials: ClusterCredentials = .none
    ) {
        self.server = server
        self.authorities = authorities
        self.verifies = verifies
        self.proxy = proxy
        self.namespace = namespace
        self.credentials = credentials
    }

    /// The most that a file of certificates, keys or settings may have, in bytes.
    static let fileLimit = 4 << 20
}
