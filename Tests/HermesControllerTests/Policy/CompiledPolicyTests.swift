import HermesCore
import HermesKubernetes
import Testing

@testable import HermesController

/// Against the rules of the Go controller's policies: expressions of Go's regexp, found anywhere in the Pod's own text.
@Suite struct CompiledPolicyTests {
    @Test func findsAnExpressionAnywhere() {
        let policy = CompiledPolicy(Samples.policy("p", ["vllm", "^debian:1[0-9]$"]))
        #expect(policy.selects(image: "registry.example/team/vllm-openai:1"))
        #expect(policy.selects(image: "debian:12"))
        #expect(!policy.selects(image: "debian:12-slim"))
        #expect(!policy.selects(image: "busybox"))
        #expect(policy.faults.isEmpty)
    }

    @Test func anEmptyListSelectsNothing() {
        var policy = Samples.policy("p", [])
        #expect(!CompiledPolicy(policy).selects(image: "busybox"))
        policy.spec.imageSelectors = nil
        #expect(!CompiledPolicy(policy).selects(image: "busybox"))
        #expect(CompiledPolicy(policy).faults.isEmpty)
    }

    @Test func aBadExpressionIsNamedAndHarmsNoOther() throws {
        var spec = Samples.policy("p", ["a(b", "vllm", "(?=x)\n"])
        spec.spec.imageSelectors?.append(.init(imageRegex: nil))
        spec.spec.imageSelectors?.append(.init(imageRegex: ""))
        let policy = CompiledPolicy(spec)
        #expect(policy.selects(image: "vllm"))
        #expect(!policy.selects(image: "busybox"))
        #expect(policy.faults.count == 4)
        let first = try #require(policy.faults.first)
        #expect(first.hasPrefix("imageSelectors[0].imageRegex \"a(b\" is not valid: "))
        #expect(
            policy.faults.suffix(2) == [
                "imageSelectors[3].imageRegex is missing", "imageSelectors[4].imageRegex is missing",
            ])
        #expect(!policy.faults.contains { $0.contains("\n") })
    }

    @Test func boundsExpressions() {
        let many = CompiledPolicy(Samples.policy("p", (0..<150).map { "^image\($0)$" }))
        #expect(many.selects(image: "image99"))
        #expect(!many.selects(image: "image100"))
        #expect(many.faults == ["only the first 100 of 150 imageSelectors are used"])
        let long = CompiledPolicy(
            Samples.policy("p", [String(repeating: "a", count: 5000), "(((a{1000}){1000}){1000})"]))
        #expect(!long.selects(image: String(repeating: "a", count: 5000)))
        #expect(long.faults.count == 2)
    }

    @Test func readsPlatforms() {
        #expect(CompiledPolicy(Samples.policy()).platforms == nil)
        #expect(CompiledPolicy(Samples.policy(platforms: [])).platforms == nil)
        let policy = CompiledPolicy(
            Samples.policy(platforms: ["linux/x86_64", "linux", "linux/amd64", "linux/arm64/v8"]))
        #expect(policy.platforms == [Samples.amd64, Samples.arm64])
        #expect(policy.faults == ["platforms[1] \"linux\" is not of the form os/architecture[/variant]"])
    }

    @Test func boundsPlatforms() {
        let policy = CompiledPolicy(Samples.policy(platforms: (0..<40).map { "linux/p\($0)" }))
        #expect(policy.platforms?.count == 32)
        #expect(policy.faults == ["only the first 32 of 40 platforms are used"])
    }

    @Test func wrongPlatformsAreNotThoseOfTheNodes() {
        #expect(CompiledPolicy(Samples.policy(platforms: ["amd64"])).platforms == [])
    }

    @Test func selectsPodsByLabels() {
        let policy = CompiledPolicy(Samples.policy(namespaces: ["team": "ml"], pods: ["app": "x"]))
        #expect(policy.includes(pod: ["app": "x"], namespace: ["team": "ml"]))
        #expect(!policy.includes(pod: ["app": "y"], namespace: ["team": "ml"]))
        #expect(!policy.includes(pod: ["app": "x"], namespace: ["team": "web"]))
        #expect(!policy.includes(pod: ["app": "x"], namespace: nil))
    }

    @Test func aNamespaceThatIsNotKnownIsNotSelected() {
        var spec = Samples.policy()
        spec.spec.namespaceSelector = LabelSelector(
            matchExpressions: [.init(key: "secret", operator: "DoesNotExist")])
        let policy = CompiledPolicy(spec)
        #expect(policy.includes(pod: [:], namespace: [:]))
        #expect(!policy.includes(pod: [:], namespace: nil))
    }
}
