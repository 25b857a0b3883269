/// The credentials of a user's login.
package enum Credentials: Sendable, Equatable {
    /// A name and a password (or an access token in its place).
    case password(user: String, password: String)
    /// A refresh token, to be exchanged at the registry's token server (OAuth 2).
    case identityToken(String)

    /// The advice for a user whom a registry refuses.
    static func advice(for registry: String) -> String {
        "run docker login \(registry), or put its credentials into ~/.docker/config.json"
    }
}

/// Finds credentials; nil when there are none. Called on a background thread, and may block.
package typealias CredentialLookup = @Sendable (_ scope: CredentialScope) throws -> Credentials?
