import HermesCore
import HermesHTTP
import HermesKubernetes
import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesController

@Suite struct TokenReviewTests {
    private static func terms(_ accounts: [String] = ["a/b", "hermes-system/hermes-node"]) throws -> TokenReviewTerms {
        try TokenReviewTerms(audience: "hermes", accounts: accounts)
    }

    private static func status(
        _ authenticated: Bool?, _ user: String?, _ audiences: [String]?
    ) throws -> TokenReview.Status {
        struct Written: Encodable {
            struct User: Encodable { var username: String? }
            var authenticated: Bool?
            var user: User?
            var audiences: [String]?
        }
        let written = Written(
            authenticated: authenticated, user: user.map { Written.User(username: $0) }, audiences: audiences)
        return try JSON.decode(TokenReview.Status.self, from: try JSON.encode(written), name: "status")
    }

    @Test func onlyAnAllowedAccountWithTheRightAudienceIsAccepted() throws {
        let terms = try Self.terms()
        let node = "system:serviceaccount:hermes-system:hermes-node"
        #expect(terms.accepts(try Self.status(true, node, ["other", "hermes"])))
        for (authenticated, user, audiences) in [
            (false, node, ["hermes"]), (nil, node, ["hermes"]), (true, nil, ["hermes"]), (true, node, nil),
            (true, node, []), (true, node, ["other"]), (true, "hermes-system/hermes-node", ["hermes"]),
            (true, "system:serviceaccount:hermes-system:other", ["hermes"]), (true, "", ["hermes"]),
        ] as [(Bool?, String?, [String]?)] {
            #expect(!terms.accepts(try Self.status(authenticated, user, audiences)), "\(user ?? "")")
        }
        #expect(!terms.accepts(nil))
    }

    @Test(arguments: [[], ["a"], ["a/b/c"], ["/b"], ["a/"], ["a/b", "A/b"], ["a:b/c"], ["a/b c"]])
    func accountsHaveToBeNamed(accounts: [String]) {
        let error = #expect(throws: HermesError.self) { try Self.terms(accounts) }
        #expect(error?.code == .usage)
    }

    @Test func verdictsRunOutAndAreBounded() {
        let start = Monotonic.now()
        func at(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }
        var verdicts = TokenVerdicts()
        let (good, bad) = (Digest.of([1]), Digest.of([2]))
        #expect(verdicts.verdict(good, now: start) == nil)
        verdicts.add(good, isAccepted: true, now: start)
        verdicts.add(bad, isAccepted: false, now: start)
        #expect(verdicts.verdict(good, now: at(59_999)) == true && verdicts.verdict(good, now: at(60_000)) == nil)
        #expect(verdicts.verdict(bad, now: at(9999)) == false && verdicts.verdict(bad, now: at(10_000)) == nil)
        // A later review counts.
        verdicts.add(good, isAccepted: false, now: at(1))
        #expect(verdicts.verdict(good, now: at(2)) == false)
        verdicts.add(good, isAccepted: true, now: at(3))
        // Many that are refused drive no accepted one away, and are forgotten themselves.
        let many = (0...TokenVerdicts.limit).map { Digest.of(Array("\($0)".utf8)) }
        for token in many { verdicts.add(token, isAccepted: false, now: at(4)) }
        #expect(verdicts.verdict(good, now: at(5)) == true && verdicts.verdict(bad, now: at(5)) == nil)
        #expect(verdicts.verdict(many[TokenVerdicts.limit], now: at(5)) == false)
        #expect(verdicts.verdict(many[0], now: at(5)) == nil)
    }

    @Test(arguments: [
        ("a.b.c", true), ("a-_.Z9.c", true), ("", false), ("a.b", false), ("a.b.c.d", false), ("a..c", false),
        ("a.b.c ", false), ("a.b.\u{e4}", false), ("a.b.c\n", false), ("a.b.[", false), ("a.b.@", false),
        ("a.b." + String(repeating: "c", count: 15 << 10), false),
    ])
    func onlyJWTsAreAskedAbout(text: String, isJWT: Bool) { #expect(TokenReviewer.isJWT(text) == isJWT) }
}

/// Against a real API server, with tokens that it gave for real accounts.
@Suite(.enabled(if: TestCluster.isAvailable), .timeLimit(.minutes(2))) struct RealTokenReviewTests {
    private struct Object: Codable { var metadata: ObjectMeta }

    /// A TokenRequest (authentication.k8s.io/v1).
    private struct TokenRequest: Codable {
        struct Spec: Codable { var audiences: [String] }
        struct Status: Codable { var token: String }
        var spec: Spec
        var status: Status?
    }

    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func token(_ client: KubernetesClient, _ namespace: String, _ name: String, _ audience: String) async throws
        -> String
    {
        let path = ResourcePath(
            plural: "serviceaccounts", namespace: namespace, name: name, subresource: "token")
        let request = TokenRequest(spec: .init(audiences: [audience]))
        return try #require(try await client.create(request, path).status?.token)
    }

    @Test func theAPIServerDecides() async throws {
        let cluster = try await onBlockingThread { try TestCluster.shared.get() }
        let client = KubernetesClient(try .kubeconfig(cluster.kubeconfig()), http: try HTTPClient())
        let namespace = "review-\(UInt32.random(in: 0...UInt32.max))"
        _ = try await client.create(
            Object(metadata: ObjectMeta(name: namespace)), ResourcePath(plural: "namespaces"))
        for name in ["node", "other"] {
            _ = try await client.create(
                Object(metadata: ObjectMeta(name: name)), ResourcePath(plural: "serviceaccounts", namespace: namespace))
        }
        let reviewer = TokenReviewer(
            client, try TokenReviewTerms(audience: "hermes", accounts: ["\(namespace)/node"]), log: log)
        let good = try await token(client, namespace, "node", "hermes")
        // Many at once are one review.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { try await reviewer.accepts(good) } }
            for try await isAccepted in group { #expect(isAccepted) }
        }
        #expect(try await !reviewer.accepts(token(client, namespace, "node", "other")))
        #expect(try await !reviewer.accepts(token(client, namespace, "other", "hermes")))
        // A token whose signature is another's.
        let parts = good.split(separator: ".")
        #expect(try await !reviewer.accepts("\(parts[0]).\(parts[1]).AAAA"))
        #expect(try await !reviewer.accepts("first-token"))

        // A controller without the right to ask, and one whose API server is gone, open no door.
        let hermes = KubernetesClient(try .kubeconfig(cluster.kubeconfig(.hermes)), http: try HTTPClient())
        let folder = try TestFolder()
        let gone = try folder.write("gone", Array(Self.gone.utf8))
        let nobody = KubernetesClient(try .kubeconfig(gone), http: try HTTPClient())
        for client in [hermes, nobody] {
            let blind = TokenReviewer(
                client, try TokenReviewTerms(audience: "hermes", accounts: ["\(namespace)/node"]), log: log)
            let error = await #expect(throws: HermesError.self) { try await blind.accepts(good) }
            #expect(error?.code == .unavailable)
            #expect(error.map { !"\($0)".contains(good) } == true)
        }
    }

    private static let gone = """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
        users: [{name: u, user: {token: x}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """
}
