import HermesCore
import Testing

@testable import HermesController
@testable import HermesKubernetes

@Suite struct ImageDemandTests {
    /// A demand with a policy for all images, and a node.
    private func demand(_ policies: [HermesPolicy] = [Samples.policy()]) -> ImageDemand {
        var demand = ImageDemand(fallback: nil)
        demand.apply(node: Samples.node("n", "amd64"))
        demand.replace(policies: policies)
        return demand
    }

    private func only(_ demand: inout ImageDemand) throws -> WantedImage {
        let wanted = demand.wanted()
        #expect(wanted.count == 1)
        return try #require(wanted.first)
    }

    @Test func aClusterWithoutNodesHasThePlatformOfTheController() throws {
        var demand = ImageDemand(fallback: Samples.arm64)
        demand.replace(policies: [Samples.policy()])
        demand.apply(pod: Samples.pod("x", ["a"]))
        #expect(try only(&demand).target.platform == Samples.arm64)
        demand.apply(node: Samples.node("n", "amd64"))
        #expect(try only(&demand).target.platform == Samples.amd64)
    }

    @Test func namesWhoWantsAnImage() throws {
        var demand = demand([
            Samples.policy("b", ["vllm"], generation: 7), Samples.policy("a"), Samples.policy("c", ["no"]),
        ])
        demand.apply(pod: Samples.pod("x", ["r/vllm:1"], in: "one", account: "robot", secrets: ["key"]))
        demand.apply(
            pod: Samples.pod("x", ["r/vllm:1"], in: "two", phase: "Pending", imageIDs: ["r/vllm@\(Samples.digest)"]))
        let image = try only(&demand)
        #expect(image.target == BuildTarget(image: "r/vllm:1", platform: Samples.amd64))
        #expect(image.policies.map(\.name) == ["a", "b"])
        #expect(image.policies.map(\.generation) == [1, 7])
        #expect(image.podCount == 2)
        #expect(image.pods == [PodName(namespace: "one", name: "x"), PodName(namespace: "two", name: "x")])
        #expect(
            image.scopes == [
                PullScope(namespace: "one", serviceAccount: "robot", pullSecrets: ["key"]),
                PullScope(namespace: "two", serviceAccount: "default", pullSecrets: []),
            ])
        #expect(image.digests.map(\.description) == [Samples.digest])
        #expect(!image.isAwaited)
        #expect(!image.isPinned)
    }

    @Test func keepsTextsApart() {
        var demand = demand()
        demand.apply(pod: Samples.pod("x", ["nginx", "docker.io/library/nginx:latest"]))
        #expect(Set(demand.wanted().map(\.target.image)) == ["nginx", "docker.io/library/nginx:latest"])
    }

    @Test func endedPodsAskForNothing() {
        var demand = demand()
        demand.apply(pod: Samples.pod("x", ["a"]))
        demand.apply(pod: Samples.pod("y", ["b"], phase: "Succeeded"))
        #expect(demand.wanted().map(\.target.image) == ["a"])
        demand.apply(pod: Samples.pod("x", ["a"], phase: "Failed"))
        #expect(demand.wanted().isEmpty)
    }

    @Test func credentialsOfPodsThatNoPolicySelectsAreNotUsed() throws {
        var demand = demand([Samples.policy("p", namespaces: ["team": "ml"])])
        demand.apply(namespace: Samples.namespace("one", ["team": "ml"]))
        demand.apply(pod: Samples.pod("x", ["a"], in: "one", secrets: ["key"]))
        demand.apply(pod: Samples.pod("y", ["a"], in: "two", secrets: ["other"]))
        #expect(try only(&demand).scopes.map(\.namespace) == ["one"])
        demand.apply(namespace: Samples.namespace("two", ["team": "ml"]))
        #expect(try only(&demand).scopes.map(\.namespace) == ["one", "two"])
        demand.remove(namespace: "one")
        #expect(try only(&demand).scopes.map(\.namespace) == ["two"])
    }

    @Test func platformsAreThoseOfTheNodesUnlessThePolicySaysSo() {
        var demand = demand([Samples.policy("a"), Samples.policy("b", platforms: ["linux/arm64"])])
        demand.apply(pod: Samples.pod("x", ["i"]))
        func platforms() -> [String: [String]] {
            Dictionary(demand.wanted().map { ($0.target.platform.description, $0.policies.map(\.name)) }) { first, _ in
                first
            }
        }
        #expect(platforms() == ["linux/amd64": ["a"], "linux/arm64": ["b"]])
        demand.apply(node: Samples.node("m", "arm64"))
        #expect(platforms() == ["linux/amd64": ["a"], "linux/arm64": ["a", "b"]])
        demand.remove(node: "n")
        #expect(platforms() == ["linux/arm64": ["a", "b"]])
        demand.replace(nodes: [])
        #expect(platforms() == ["linux/arm64": ["b"]])
    }

    @Test func anImageIsPausedWithAllItsPolicies() throws {
        var demand = demand([Samples.policy("a", paused: true), Samples.policy("b")])
        demand.apply(pod: Samples.pod("x", ["i"]))
        #expect(try !only(&demand).isPaused)
        demand.remove(policy: "b")
        #expect(try only(&demand).isPaused)
        demand.apply(policy: Samples.policy("a", generation: 2))
        #expect(try !only(&demand).isPaused)
    }

    @Test func countsArrivalsOfPodsWhoseNodesAsk() throws {
        var demand = demand()
        demand.apply(pod: Samples.pod("x", ["i"], phase: "Pending", pullPolicy: "IfNotPresent"))
        let first = try only(&demand).arrival
        demand.apply(pod: Samples.pod("y", ["i"], phase: "Pending", pullPolicy: "Always"))
        let second = try only(&demand).arrival
        #expect(second > first)
        // Neither its start nor its end is another arrival, nor is one that already runs.
        demand.apply(pod: Samples.pod("y", ["i"], phase: "Running", pullPolicy: "Always"))
        demand.remove(pod: PodName(namespace: "one", name: "y"))
        demand.apply(pod: Samples.pod("z", ["i"], phase: "Running", pullPolicy: "Always"))
        #expect(try only(&demand).arrival == second)
        // A Pod of the same name, as a StatefulSet makes it.
        demand.apply(pod: Samples.pod("y", ["i"], phase: "Pending", pullPolicy: "Always"))
        var again = Samples.pod("y", ["i"], phase: "Pending", pullPolicy: "Always")
        again.metadata.uid = "new"
        let third = try only(&demand).arrival
        demand.apply(pod: again)
        #expect(third > second)
        #expect(try only(&demand).arrival > third)
    }

    @Test func namesAFewPods() throws {
        var demand = demand()
        for index in 0..<100 { demand.apply(pod: Samples.pod("x\(index)", ["i"])) }
        let image = try only(&demand)
        #expect(image.podCount == 100)
        #expect(image.pods.count == DemandEntry.sampleSize)
        #expect(image.scopes.count == 1)
    }

    /// The size that the controller is made for. Quadratic work would take minutes, beyond the limit of any run.
    @Test(.timeLimit(.minutes(5))) func aLargeClusterIsNoTrouble() {
        var demand = demand(
            (0..<100).map {
                Samples.policy("p\($0)", ["image\($0)"], pods: $0 % 2 == 0 ? ["app": "app\($0)"] : nil)
            })
        let pods = (0..<10_000).map {
            Samples.pod(
                "x\($0)", ["r/image\($0 % 500)", "r/shared"], in: "ns\($0 % 50)", labels: ["app": "app\($0 % 100)"])
        }
        demand.replace(pods: pods)
        let selected = (0..<500).count { image in
            (0..<100).contains { policy in
                "image\(image)".contains("image\(policy)") && (policy % 2 == 1 || image % 100 == policy)
            }
        }
        #expect(demand.wanted().count == selected)
        demand.replace(pods: pods)
        for index in 0..<100 {
            demand.apply(pod: Samples.pod("x\(index)", ["r/other\(index)"], in: "ns\(index % 50)"))
            _ = demand.wanted()
        }
        #expect(demand.labels.count == 101)
        demand.replace(pods: [])
        #expect(demand.wanted().isEmpty)
        #expect(demand.labels.count == 0)
    }
}
