import HermesSupport

/// What a client proves itself with to an API server. Its description never has a secret.
package enum ClusterCredentials: Sendable {
    /// Nothing.
    case none
    /// A bearer token.
    case token(String)
    /// The file of a bearer token that changes from time to time.
    case tokenFile(String)
    /// A client's certificate and its key.
    case certificate(PEMSource, key: PEMSource)
    /// A program that gives a token or a certificate.
    case plugin(ExecPlugin)
}

extension ClusterCredentials: CustomStringConvertible, CustomReflectable {
    package var description: String {
        switch self {
        case .none: "no credentials"
        case .token: "a token"
        case .tokenFile(let path): "the token in \(path.printable(300))"
        case .certificate: "a client certificate"
        case .plugin(let plugin): "the program \(plugin.command.printable(300))"
        }
    }

    package var customMirror: Mirror { Mirror(self, children: []) }
}
