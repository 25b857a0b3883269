import HermesSupport
import NIOPosix

/// Who may ask a controller for its artifacts.
package enum ArtifactAccess: Sendable {
    /// Everybody who can reach it.
    case open
    /// Whoever has the secret in the file at a path, which may change.
    case secret(file: String)
    /// Whoever has a token that the closure takes. Its error is an answer with the status 503 where it is `unavailable`, else with 500.
    case tokens(@Sendable (String) async throws -> Bool)
}

/// Checks the tokens of requests.
struct TokenCheck: Sendable {
    private let check: (@Sendable (String) async throws -> Bool)?

    init(_ access: ArtifactAccess, disk: NIOThreadPool) {
        switch access {
        case .open: check = nil
        case .secret(let path):
            let secret = SharedSecret(path)
            check = { token in try await disk.runIfActive { try secret.isEqual(to: token) } }
        case .tokens(let closure): check = closure
        }
    }

    /// Whether a request with that Authorization header is allowed (RFC 6750, section 2.1).
    func allows(_ header: String?) async throws -> Bool {
        guard let check else { return true }
        guard let header, let space = header.firstIndex(of: " "), header[..<space].lowercased() == "bearer" else {
            return false
        }
        let token = header[space...].trimmingASCIISpace
        return token.isEmpty ? false : try await check(token)
    }
}
