import HermesCore
import HermesTestKit
import Testing

@testable import HermesController
@testable import HermesKubernetes

/// Random events against a model that computes all from scratch.
@Suite struct ImageDemandModelTests {
    /// The cluster as it is now.
    private struct Model {
        var pods: [PodName: Pod] = [:]
        var policies: [String: HermesPolicy] = [:]
        var namespaces: [String: Namespace] = [:]
        var nodes: [String: Node] = [:]

        /// What is wanted, without samples and arrivals, which have no one right value.
        func wanted() -> Set<WantedImage> {
            let compiled = policies.values.map { CompiledPolicy($0) }
            let platforms = Set(nodes.values.compactMap(\.platform))
            var wanted: Set<WantedImage> = []
            let live = pods.values.filter { !$0.hasEnded }
            for image in Set(live.flatMap { $0.images.keys }) {
                var chosen: Set<PodName> = []
                var versions: [Platform: Set<PolicyVersion>] = [:]
                var active: Set<Platform> = []
                for policy in compiled where policy.selects(image: image) {
                    let selected = live.filter {
                        $0.images[image] != nil
                            && policy.includes(
                                pod: $0.metadata.labels ?? [:],
                                namespace: namespaces[$0.metadata.namespace ?? ""].map { $0.metadata.labels ?? [:] })
                    }
                    guard !selected.isEmpty else { continue }
                    chosen.formUnion(selected.map { PodName($0) })
                    for platform in policy.platforms.map(Set.init) ?? platforms {
                        versions[platform, default: []].insert(policy.version)
                        if !policy.isPaused { active.insert(platform) }
                    }
                }
                let users = chosen.compactMap { pods[$0] }
                for (platform, versions) in versions {
                    wanted.insert(
                        WantedImage(
                            target: BuildTarget(image: image, platform: platform), policies: versions.sorted(),
                            isPaused: !active.contains(platform), podCount: users.count, pods: [],
                            scopes: Set(users.map { PullScope($0) }).sorted(),
                            isAwaited: users.contains { $0.images[image]?.isAwaited ?? false },
                            digests: Set(users.compactMap { $0.images[image]?.digest })
                                .sorted { $0.description < $1.description }, arrival: 0))
                }
            }
            return wanted
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func isWhatAModelComputes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var demand = ImageDemand(fallback: nil)
        var model = Model()
        func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &random)] }
        func pod() -> Pod {
            let images = (0..<Int.random(in: 0...3, using: &random)).map { _ in pick(["a:1", "a:2", "b", "c"]) }
            return Samples.pod(
                pick(["x", "y", "z"]), images, in: pick(["one", "two"]),
                labels: pick([[:], ["app": "1"], ["app": "2"]]),
                secrets: pick([[], ["k"], ["k", "l"]]), phase: pick(["Pending", "Running", "Running", "Succeeded"]),
                imageIDs: pick([nil, images.map { "\($0.prefix(1))@\(pick([Samples.digest, Samples.otherDigest]))" }]))
        }
        func policy() -> HermesPolicy {
            Samples.policy(
                pick(["p", "q", "r"]), pick([[".*"], ["a"], ["^b$", "c"], ["("], []]),
                generation: Int64.random(in: 1...3, using: &random), paused: pick([true, false, false]),
                platforms: pick([nil, nil, ["linux/arm64"], ["linux/amd64", "linux/arm64"], ["no"]]),
                namespaces: pick([nil, nil, ["team": "ml"]]), pods: pick([nil, nil, ["app": "1"]]))
        }
        func namespace() -> Namespace { Samples.namespace(pick(["one", "two"]), pick([[:], ["team": "ml"]])) }
        for step in 0..<400 {
            switch Int.random(in: 0..<13, using: &random) {
            case 0..<5:
                let pod = pod()
                demand.apply(pod: pod)
                model.pods[PodName(pod)] = pod
            case 5:
                let name = PodName(pod())
                demand.remove(pod: name)
                model.pods[name] = nil
            case 6:
                let pods = Dictionary((0..<4).map { _ in pod() }.map { (PodName($0), $0) }) { first, _ in first }
                demand.replace(pods: Array(pods.values))
                model.pods = pods
            case 7, 8:
                let policy = policy()
                demand.apply(policy: policy)
                model.policies[policy.metadata.name] = policy
            case 9:
                let policies = [policy(), policy()]
                let named = Dictionary(policies.map { ($0.metadata.name, $0) }) { first, _ in first }
                demand.replace(policies: Array(named.values))
                model.policies = named
            case 10:
                let namespace = namespace()
                demand.apply(namespace: namespace)
                model.namespaces[namespace.metadata.name] = namespace
            case 11:
                let name = pick(["one", "two"])
                demand.remove(namespace: name)
                model.namespaces[name] = nil
            default:
                let node = Samples.node(pick(["m", "n"]), pick(["amd64", "arm64", ""]))
                demand.apply(node: node)
                model.nodes[node.metadata.name] = node
            }
            let wanted = demand.wanted()
            let plain = wanted.map { image in
                var image = image
                image.pods = []
                image.arrival = 0
                return image
            }
            #expect(Set(plain) == model.wanted(), "step \(step)")
            #expect(plain.count == Set(plain).count)
            #expect(wanted.allSatisfy { $0.pods.count == min($0.podCount, DemandEntry.sampleSize) })
        }
    }
}
