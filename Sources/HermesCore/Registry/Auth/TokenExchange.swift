import FoundationEssentials
import HermesHTTP
import HermesSupport

/// The conversation with a token server (distribution spec, token and OAuth 2 authentication). Pure: makes requests and
/// reads answers.
enum TokenExchange {
    /// The largest answer that is read, in bytes; tokens of large clouds have some kilobytes.
    static let limit = 1 << 20

    private struct Answer: Decodable {
        var token: String?
        var access_token: String?
        var expires_in: Double?
    }

    /// The Authorization header of RFC 7617.
    static func basic(user: String, password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }

    /// The request for a token. Without credentials it asks as anybody may. Throws `protocolViolation` when the registry
    /// names a token server that must not see credentials: one without TLS while the registry has it.
    static func request(
        realm: String, service: String?, scope: String, credentials: Credentials?, registry: HTTPURL
    ) throws -> HTTPRequest {
        var url = try HTTPURL(realm)
        guard url.scheme == "https" || registry.scheme == "http" else {
            throw HermesError(
                .protocolViolation,
                "\(registry.display) sends its users to a token server without TLS (\(url.display))")
        }
        var request: HTTPRequest
        switch credentials {
        case .identityToken(let token):
            var fields = [
                ("grant_type", "refresh_token"), ("client_id", "hermes"), ("scope", scope),
                ("refresh_token", token),
            ]
            if let service { fields.append(("service", service)) }
            let form = fields.map { "\($0.0)=\(HTTPURL.encode($0.1))" }.joined(separator: "&")
            request = HTTPRequest(
                "POST", url, headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: .bytes(Array(form.utf8)))
            // The body is the credential; a redirect would carry it elsewhere.
            request.redirects = 0
        default:
            if let service { url = try url.adding("service", service) }
            url = try url.adding("scope", scope)
            request = HTTPRequest("GET", url)
            if case .password(let user, let password) = credentials {
                request.headers.append(("Authorization", basic(user: user, password: password)))
            }
        }
        request.timeLimit = 60
        return request
    }

    /// Reads a token server's answer: the Authorization header and how long it is good for. Throws `denied`,
    /// `unavailable` or `protocolViolation`.
    static func read(
        _ response: HTTPResponse, registry: String, hasCredentials: Bool
    ) throws -> (header: String, lifetime: Duration) {
        let server = response.head.url.display
        switch response.head.status {
        case 200: break
        case let status where RetryPolicy.isTemporary(status):
            throw HermesError(.unavailable, "the token server \(server) answers with status \(status)")
        case 400...499:
            throw HermesError(
                .denied,
                hasCredentials
                    ? "\(registry): the token server \(server) refuses the credentials"
                    : "\(registry): the token server \(server) wants credentials",
                advice: Credentials.advice(for: registry))
        default:
            throw HermesError(
                .protocolViolation, "the token server \(server) answers with status \(response.head.status)")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)),
            let token = [answer.token, answer.access_token].compactMap(\.self).first(where: { !$0.isEmpty }),
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { throw HermesError(.protocolViolation, "the token server \(server) answers without a token") }
        // 60 seconds is the default of the specification. A token is renewed before it ends on the way.
        let seconds = min(max(answer.expires_in ?? 60, 1), 86_400)
        return ("Bearer " + token, .seconds(seconds > 20 ? seconds - 10 : seconds / 2))
    }
}
