import HermesSupport

/// The authorisation that a registry asks for, and the grants that are known: the challenge logic, without any I/O.
///
/// A request asks with `authorization`, is sent, and when it is answered 401 asks with `challenged`. The driver
/// performs the step; when it has obtained a grant it reports with `obtained` and serves the waiters. One grant is
/// obtained once, however many requests wait for it. `Waiter` is any value that the driver wants back.
struct AuthState<Waiter> {
    /// Something that allows requests, to be got from credentials or a token server.
    enum Grant: Hashable {
        /// The user's name and password in every request (RFC 7617); credentials can be for a part of a registry.
        case basic(scope: String)
        /// A token for a scope (distribution spec, token authentication).
        case bearer(realm: String, service: String?, scope: String)

        /// The scope that the grant allows.
        var scope: String {
            switch self {
            case .basic(let scope), .bearer(_, _, let scope): scope
            }
        }
    }

    enum Step {
        /// Send the request with this Authorization, or with none.
        case send(String?)
        /// Obtain the grant; the waiter is kept.
        case obtain(Grant, isRenewal: Bool)
        /// Another request is obtaining the grant already; the waiter is kept.
        case wait
        /// No grant can allow the request.
        case refuse(String)
    }

    private enum Holding {
        case obtaining([Waiter])
        case header(String, until: ContinuousClock.Instant?)
    }

    /// The scheme that the registry asked for last; nil as long as no request needs authorisation.
    private var scheme: ((_ scope: String) -> Grant)?
    private var holdings: [Grant: Holding] = [:]

    /// The step before a request for `scope` is sent the first time.
    mutating func authorization(scope: String, now: ContinuousClock.Instant, waiter: Waiter) -> Step {
        guard let scheme else { return .send(nil) }
        return hold(scheme(scope), refused: nil, now: now, waiter: waiter)
    }

    /// The step after a 401. `used` is the Authorization that was refused.
    mutating func challenged(
        scope: String, used: String?, challenges: [AuthChallenge], now: ContinuousClock.Instant,
        waiter: Waiter
    ) -> Step {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            guard let realm = bearer.parameters["realm"], !realm.isEmpty else {
                return .refuse("it asks for a token, but does not say from where")
            }
            let service = bearer.parameters["service"]
            scheme = { .bearer(realm: realm, service: service, scope: $0) }
            return hold(
                .bearer(realm: realm, service: service, scope: scope), refused: used, now: now, waiter: waiter
            )
        }
        if challenges.contains(where: { $0.scheme == "basic" }) {
            scheme = { .basic(scope: $0) }
            return hold(.basic(scope: scope), refused: used, now: now, waiter: waiter)
        }
        let offered = challenges.map(\.scheme).joined(separator: ", ").printable(80)
        return .refuse(
            offered.isEmpty ? "it does not say how to log in" : "it only offers to log in by \(offered)")
    }

    /// The step after an answer, other than a 401, that says `used` has run out.
    mutating func expired(
        scope: String, used: String, now: ContinuousClock.Instant, waiter: Waiter
    ) -> Step {
        guard let scheme else { return .refuse("its answer says that the login has run out") }
        return hold(scheme(scope), refused: used, now: now, waiter: waiter)
    }

    /// Takes the outcome of obtaining a grant, and returns the waiters for the grant. `header` is nil after a failure,
    /// and when there are no credentials.
    mutating func obtained(
        _ grant: Grant, header: String?, until: ContinuousClock.Instant?
    ) -> [Waiter] {
        guard case .obtaining(let waiters) = holdings[grant] else { return [] }
        holdings[grant] = header.map { .header($0, until: until) }
        return waiters
    }

    private mutating func hold(
        _ grant: Grant, refused: String?, now: ContinuousClock.Instant, waiter: Waiter
    ) -> Step {
        switch holdings[grant] {
        case .header(let header, let until) where header != refused && until.map({ now < $0 }) ?? true:
            return .send(header)
        case .obtaining(let waiters):
            holdings[grant] = .obtaining(waiters + [waiter])
            return .wait
        default:
            if holdings.count > 1000 {
                holdings = holdings.filter { if case .obtaining = $0.value { true } else { false } }
            }
            holdings[grant] = .obtaining([waiter])
            return .obtain(grant, isRenewal: refused != nil)
        }
    }
}
