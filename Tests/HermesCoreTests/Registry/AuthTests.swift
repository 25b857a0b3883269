import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

@Suite struct AuthTests {
    @Test(arguments: [
        (
            #"Bearer realm="https://auth.example/token",service="a, b",scope="repository:a/b:pull,push""#,
            [
                AuthChallenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example/token", "service": "a, b",
                        "scope": "repository:a/b:pull,push",
                    ])
            ]
        ),
        (
            #"Basic realm="a \"quoted\\ realm""#,
            [AuthChallenge(scheme: "basic", parameters: ["realm": #"a "quoted\ realm"#])]
        ),
        (
            #"Negotiate abc==, bEaReR REALM=https://a/b , Service = x"#,
            [
                AuthChallenge(scheme: "negotiate"),
                AuthChallenge(scheme: "bearer", parameters: ["realm": "https://a/b", "service": "x"]),
            ]
        ),
        (#"Bearer realm="a",realm="b""#, [AuthChallenge(scheme: "bearer", parameters: ["realm": "a"])]),
        (#"Bearer realm="unclosed"#, [AuthChallenge(scheme: "bearer")]),
        (#"Bearer realm="x\"#, [AuthChallenge(scheme: "bearer")]),
        ("", []), (",,,", []), ("=", []), ("\"", []), ("Basic", [AuthChallenge(scheme: "basic")]),
        ("Basic realm=", [AuthChallenge(scheme: "basic")]),
    ])
    func parsesChallenges(header: String, expected: [AuthChallenge]) {
        #expect(AuthChallenge.parse([header]) == expected)
    }

    private static let bearer = AuthChallenge.parse([#"Bearer realm="https://a/token",service="s""#])
    private static let basic = AuthChallenge.parse([#"Basic realm="r""#])

    private func sent<Waiter>(_ step: AuthState<Waiter>.Step) -> String?? {
        if case .send(let header) = step { header } else { nil }
    }

    @Test func anOpenRegistryNeedsNothing() {
        var state = AuthState<Int>()
        #expect(sent(state.authorization(scope: "a", now: .now, waiter: 1)) == .some(nil))
    }

    @Test func oneTokenForAllThatWait() {
        var state = AuthState<Int>()
        let now = ContinuousClock.now
        let grant = AuthState<Int>.Grant.bearer(realm: "https://a/token", service: "s", scope: "a")
        guard
            case .obtain(grant, isRenewal: false) = state.challenged(
                scope: "a", used: nil, challenges: Self.bearer, now: now, waiter: 1),
            case .wait = state.challenged(scope: "a", used: nil, challenges: Self.bearer, now: now, waiter: 2),
            case .wait = state.authorization(scope: "a", now: now, waiter: 3),
            case .obtain = state.authorization(scope: "b", now: now, waiter: 4)
        else {
            Issue.record("wrong steps")
            return
        }
        let until = now + .seconds(60)
        #expect(state.obtained(grant, header: "Bearer 1", until: until) == [1, 2, 3])
        #expect(state.obtained(grant, header: "Bearer 2", until: until) == [])
        #expect(sent(state.authorization(scope: "a", now: now, waiter: 5)) == "Bearer 1")
        // Late to hear of its refusal, while a token is there that it did not use.
        #expect(
            sent(state.challenged(scope: "a", used: nil, challenges: Self.bearer, now: now, waiter: 6))
                == "Bearer 1")
        // Refused before its time, or out of date: obtained again, once.
        guard
            case .obtain = state.challenged(
                scope: "a", used: "Bearer 1", challenges: Self.bearer, now: now, waiter: 7),
            case .wait = state.authorization(scope: "a", now: now, waiter: 8)
        else {
            Issue.record("a refused token was kept")
            return
        }
        #expect(state.obtained(grant, header: "Bearer 3", until: until) == [7, 8])
        guard case .obtain = state.authorization(scope: "a", now: until, waiter: 9) else {
            Issue.record("a token was used that is out of date")
            return
        }
        // A failure is not kept either.
        #expect(state.obtained(grant, header: nil, until: nil) == [9])
        guard case .obtain = state.authorization(scope: "a", now: now, waiter: 10) else {
            Issue.record("a failure was kept")
            return
        }
    }

    @Test func namesAndPasswordsStayGood() {
        var state = AuthState<Int>()
        let now = ContinuousClock.now
        guard
            case .obtain(.basic(scope: "a"), isRenewal: false) = state.challenged(
                scope: "a", used: nil, challenges: Self.basic, now: now, waiter: 1)
        else {
            Issue.record("not obtained")
            return
        }
        #expect(state.obtained(.basic(scope: "a"), header: "Basic x", until: nil) == [1])
        #expect(sent(state.authorization(scope: "a", now: now + .seconds(1 << 30), waiter: 2)) == "Basic x")
        // Another repository may have credentials of its own; an answer may say that these have run out.
        guard
            case .obtain(.basic(scope: "b"), isRenewal: false) = state.authorization(
                scope: "b", now: now, waiter: 3),
            case .obtain(.basic(scope: "a"), isRenewal: true) = state.expired(
                scope: "a", used: "Basic x", now: now, waiter: 4)
        else {
            Issue.record("not obtained")
            return
        }
    }

    @Test func tokensGoBeforePasswords() {
        var state = AuthState<Int>()
        let step = state.challenged(
            scope: "a", used: nil, challenges: Self.basic + Self.bearer, now: .now, waiter: 1)
        guard case .obtain(.bearer, _) = step else {
            Issue.record("\(step)")
            return
        }
    }

    @Test(arguments: [
        [], AuthChallenge.parse(["Negotiate", "NTLM"]), AuthChallenge.parse(["Bearer service=x"]),
    ])
    func refusesWhatItDoesNotSpeak(challenges: [AuthChallenge]) {
        var state = AuthState<Int>()
        let step = state.challenged(scope: "a", used: nil, challenges: challenges, now: .now, waiter: 1)
        guard case .refuse = step else {
            Issue.record("\(step)")
            return
        }
    }

    @Test func credentialsDoNotGoToATokenServerWithoutTLS() throws {
        let secure = try HTTPURL("https://registry.example/")
        let error = #expect(throws: HermesError.self) {
            try TokenExchange.request(
                realm: "http://auth.example/token?x=1", service: nil, scope: "s",
                credentials: .password(user: "u", password: "p"), registry: secure)
        }
        #expect(error?.code == .protocolViolation)
        let request = try TokenExchange.request(
            realm: "https://auth.example/token?x=1", service: "a b&c", scope: "repository:a:pull,push",
            credentials: .password(user: "u", password: "p:q"), registry: secure)
        #expect(
            request.url.text
                == "https://auth.example/token?x=1&service=a%20b%26c&scope=repository%3Aa%3Apull%2Cpush")
        // echo -n u:p:q | base64
        #expect(request.headers.first?.value == "Basic dTpwOnE=")
        let refresh = try TokenExchange.request(
            realm: "https://auth.example/token", service: "s", scope: "a:b",
            credentials: .identityToken("t&k"),
            registry: secure)
        guard refresh.method == "POST", refresh.redirects == 0, case .bytes(let form) = refresh.body else {
            Issue.record("\(refresh)")
            return
        }
        #expect(String(decoding: form, as: UTF8.self).contains("refresh_token=t%26k"))
    }

    @Test(arguments: [
        (#"{"token":"abc"}"#, "Bearer abc", Duration.seconds(50)),
        (#"{"access_token":"abc","expires_in":300}"#, "Bearer abc", .seconds(290)),
        (#"{"token":"","access_token":"x","expires_in":4}"#, "Bearer x", .seconds(2)),
        (#"{"token":"abc","expires_in":1e300}"#, "Bearer abc", .seconds(86_390)),
        (#"{"token":"abc","expires_in":-5}"#, "Bearer abc", .milliseconds(500)),
    ])
    func readsTokens(body: String, header: String, lifetime: Duration) throws {
        let result = try TokenExchange.read(answer(200, body), registry: "r", hasCredentials: false)
        #expect(result.header == header)
        #expect(result.lifetime == lifetime)
    }

    @Test(arguments: [
        (200, "{}", HermesError.Code.protocolViolation), (200, #"{"token":"a\r\nX: y"}"#, .protocolViolation),
        (200, "<html>", .protocolViolation), (401, "", .denied), (403, "", .denied), (503, "", .unavailable),
        (429, "", .unavailable), (302, "", .protocolViolation),
    ])
    func refusesBadTokens(status: Int, body: String, code: HermesError.Code) throws {
        let response = try answer(status, body)
        let error = #expect(throws: HermesError.self) {
            try TokenExchange.read(response, registry: "r", hasCredentials: true)
        }
        #expect(error?.code == code)
    }

    private func answer(_ status: Int, _ body: String) throws -> HTTPResponse {
        HTTPResponse(
            head: HTTPHead(
                status: status, headers: [], url: try HTTPURL("https://auth.example/token?secret=1")),
            body: Array(body.utf8))
    }
}
