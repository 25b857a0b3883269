import Dispatch
import HermesHTTP
import HermesSupport

/// Drives `AuthState`: looks credentials up, talks to token servers, and serves those that wait.
///
/// Belongs to the HTTP client's event-loop thread: all calls come from there, and so do the waiters' answers (once the
/// client is closed, from whichever thread finds out).
final class Authenticator: @unchecked Sendable {
    typealias Waiter = (Result<String?, HermesError>) -> Void
    typealias Grant = AuthState<Waiter>.Grant

    private let registry: String
    private let base: HTTPURL
    private let http: HTTPClient
    private let settings: HTTPConnectionSettings?
    private let lookup: CredentialLookup
    private var state = AuthState<Waiter>()

    init(
        registry: String, base: HTTPURL, http: HTTPClient, settings: HTTPConnectionSettings?,
        lookup: @escaping CredentialLookup
    ) {
        self.registry = registry
        self.base = base
        self.http = http
        self.settings = settings
        self.lookup = lookup
    }

    /// The Authorization for a request before it is sent first; nil when the request needs none.
    func authorization(for scope: String, _ waiter: @escaping Waiter) {
        perform(state.authorization(scope: scope, now: .now, waiter: waiter), waiter)
    }

    /// The Authorization after a 401 with `challenges`.
    func renew(
        for scope: String, used: String?, challenges: [AuthChallenge], _ waiter: @escaping Waiter
    ) {
        perform(
            state.challenged(scope: scope, used: used, challenges: challenges, now: .now, waiter: waiter),
            waiter)
    }

    /// The Authorization after an answer, other than a 401, that says that `used` has run out.
    func replaceExpired(for scope: String, used: String, _ waiter: @escaping Waiter) {
        perform(state.expired(scope: scope, used: used, now: .now, waiter: waiter), waiter)
    }

    /// The repository in "repository:NAME:pull".
    private static func repository(in scope: String) -> String? {
        let parts = scope.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "repository" ? String(parts[1]) : nil
    }

    private func perform(_ step: AuthState<Waiter>.Step, _ waiter: Waiter) {
        switch step {
        case .send(let header): waiter(.success(header))
        case .wait: break
        case .obtain(let grant, let isRenewal): obtain(grant, isRenewal: isRenewal)
        case .refuse(let why):
            waiter(.failure(HermesError(.denied, "\(registry) asks for a login, but \(why)")))
        }
    }

    private func obtain(_ grant: Grant, isRenewal: Bool) {
        let scope = CredentialScope(
            registry: registry, repository: Self.repository(in: grant.scope), isRenewal: isRenewal)
        // A lookup reads files and may run a helper program. It is repeated for each grant: clouds rotate credentials.
        DispatchQueue.global().async { [self] in
            let found = Result { try lookup(scope) }.mapError { HermesError.from($0) }
            do {
                try http.perform { [self] in
                    switch found {
                    case .success(let credentials):
                        RegistryMetrics.shared.lookups.add(for: credentials == nil ? .none : .found)
                        obtain(grant, with: credentials)
                    case .failure(let error):
                        RegistryMetrics.shared.lookups.add(for: .failed)
                        finish(grant, .failure(error))
                    }
                }
            } catch {
                finish(grant, .failure(.from(error)))
            }
        }
    }

    private func obtain(_ grant: Grant, with credentials: Credentials?) {
        switch grant {
        case .basic:
            switch credentials {
            case .password(let user, let password):
                finish(grant, .success((TokenExchange.basic(user: user, password: password), nil)))
            case .identityToken:
                let error = HermesError(
                    .denied, "\(registry) wants a name and a password, but there is only an identity token",
                    advice: Credentials.advice(for: registry))
                finish(grant, .failure(error))
            case nil:
                let error = HermesError(
                    .denied, "\(registry) wants a login, and there are no credentials for it",
                    advice: Credentials.advice(for: registry))
                finish(grant, .failure(error))
            }
        case .bearer(let realm, let service, let scope):
            do {
                var request = try TokenExchange.request(
                    realm: realm, service: service, scope: scope, credentials: credentials, registry: base)
                request.settings = settings
                let collector = HTTPCollector(limit: TokenExchange.limit) { [self] result in
                    let token = result.flatMap { response in
                        Result<(String, ContinuousClock.Instant?), any Error> {
                            let (header, lifetime) = try TokenExchange.read(
                                response, registry: registry, hasCredentials: credentials != nil)
                            return (header, .now + lifetime)
                        }.mapError { HermesError.from($0) }
                    }
                    switch token {
                    case .success: RegistryMetrics.shared.tokens.add(for: .granted)
                    case .failure(let error): RegistryMetrics.shared.tokens.add(for: .init(error))
                    }
                    finish(grant, token)
                }
                try http.start(request, handler: collector)
            } catch {
                finish(grant, .failure(.from(error)))
            }
        }
    }

    private func finish(_ grant: Grant, _ result: Result<(String, ContinuousClock.Instant?), HermesError>) {
        switch result {
        case .success((let header, let until)):
            for waiter in state.obtained(grant, header: header, until: until) { waiter(.success(header)) }
        case .failure(let error):
            for waiter in state.obtained(grant, header: nil, until: nil) { waiter(.failure(error)) }
        }
    }
}
