import HermesCore
import HermesHTTP
import Testing

@testable import HermesController
@testable import HermesSupport

/// Against the promise that credentials serve the Pods that have them and nobody else.
@Suite struct ProvenSourcesTests {
    private static let now = Monotonic(nanoseconds: 1_000_000_000)
    private static let one = PullScope(namespace: "one", serviceAccount: "default", pullSecrets: ["key"])
    private static let two = PullScope(namespace: "two", serviceAccount: "default", pullSecrets: ["key"])

    private func source(_ scope: PullScope?) throws -> ProvenSource {
        let client = try RegistryClient(
            registry: "r.io", http: HTTPClient(metrics: HTTPMetrics()), credentials: { _ in nil }, hosts: nil)
        return ProvenSource(client: client, scope: scope, since: Self.now)
    }

    @Test func servesAWishWithTheSameScope() throws {
        var sources = ProvenSources()
        let wish = Samples.wanted("r.io/a:1", scopes: [Self.one, Self.two])
        #expect(sources.source(for: wish, now: Self.now) == nil)
        sources.keep(try source(Self.one), for: wish)
        #expect(sources.source(for: wish, now: Self.now) != nil)
        #expect(sources.source(for: Samples.wanted("r.io/b:1", scopes: [Self.one]), now: Self.now) == nil)
        // The Pods of the other namespace have an equal secret, perhaps; the cluster has to say so.
        #expect(sources.source(for: Samples.wanted("r.io/a:1", scopes: [Self.two]), now: Self.now) == nil)
        #expect(sources.source(for: Samples.wanted("r.io/a:1", scopes: []), now: Self.now) == nil)
    }

    @Test func servesEverybodyWithoutCredentials() throws {
        var sources = ProvenSources()
        sources.keep(try source(nil), for: Samples.wanted("r.io/a:1", scopes: [Self.one]))
        #expect(sources.source(for: Samples.wanted("r.io/a:1", scopes: [Self.two]), now: Self.now) != nil)
    }

    @Test func isOverAfterADay() throws {
        var sources = ProvenSources()
        let wish = Samples.wanted("r.io/a:1", scopes: [Self.one])
        sources.keep(try source(Self.one), for: wish)
        #expect(sources.source(for: wish, now: Self.now.adding(milliseconds: ProvenSources.age - 1)) != nil)
        #expect(sources.source(for: wish, now: Self.now.adding(milliseconds: ProvenSources.age)) == nil)
    }

    @Test func forgets() throws {
        var sources = ProvenSources()
        let wishes = ["r.io/a:1", "r.io/b:1"].map { Samples.wanted($0, scopes: [Self.one]) }
        for wish in wishes { sources.keep(try source(Self.one), for: wish) }
        sources.retain { $0 == wishes[0].target }
        #expect(sources.count == 1)
        sources.forget(wishes[0].target)
        #expect(sources.count == 0)
    }

    @Test func keepsABoundedNumberAndOnlyWhatIsLookedAtAgain() throws {
        var sources = ProvenSources()
        let proven = try source(Self.one)
        sources.keep(proven, for: Samples.wanted("r.io/a@\(Samples.digest)", scopes: [Self.one]))
        #expect(sources.count == 0)
        for number in 0..<ProvenSources.limit + 10 {
            sources.keep(proven, for: Samples.wanted("r.io/a:\(number)", scopes: [Self.one]))
        }
        #expect(sources.count == ProvenSources.limit)
        // One that is known is replaced all the same.
        var changed = proven
        changed.learn(
            try Digest(Samples.digest), try Artifact.Key(image: "r.io/a@\(Samples.digest)", platform: "linux/amd64"))
        let wish = Samples.wanted("r.io/a:0", scopes: [Self.one])
        sources.keep(changed, for: wish)
        #expect(sources.source(for: wish, now: Self.now)?.artifacts.count == 1)
    }

    @Test func learnsABoundedNumberOfDigests() throws {
        var proven = try source(nil)
        for number in 0..<1000 {
            let digest = Digest.of([UInt8(number & 255), UInt8(number >> 8)])
            proven.learn(digest, try Artifact.Key(image: "r.io/a@\(digest)", platform: "linux/amd64"))
            #expect(proven.artifacts[digest] != nil)
            #expect(proven.artifacts.count <= ProvenSource.digestLimit)
        }
    }
}
