import HermesCore
import HermesSupport
import Testing

@testable import HermesController
@testable import HermesKubernetes

@Suite struct ColdStartMetricsTests {
    /// A start that took `total` seconds.
    private func start(_ total: Int) throws -> ColdStart {
        var old = Samples.pod("x", ["i"])
        old.metadata.creationTimestamp = Samples.time(0)
        var new = old
        new.status?.conditions = [
            Pod.Condition(type: "Ready", status: "True", lastTransitionTime: Samples.time(total))
        ]
        new.status?.containerStatuses = [
            Pod.ContainerStatus(name: "c0", state: .init(running: .init(startedAt: Samples.time(total / 4))))
        ]
        let start = ColdStart(from: old, to: new)
        return try #require(start)
    }

    private func labels(_ pool: String, _ bytes: Int64? = nil, _ isLazy: Bool? = nil) -> ColdStartLabels {
        ColdStartLabels(nodeLabels: ["karpenter.sh/nodepool": pool], bytes: bytes, isLazy: isLazy)
    }

    @Test func countsInBuckets() throws {
        let metrics = ColdStartMetrics()
        for seconds in [4, 40, 400, 4000] { metrics.observe(try start(seconds), labels("gpu", 6 << 30, true)) }
        let families = metrics.families()
        #expect(families.map(\.name) == ["cold_start_total_seconds", "image_pull_seconds", "model_load_seconds"])
        let text = families.map(\.text).joined()
        let series = #"pool="gpu",size="large",lazy="true""#
        for (bound, count) in [
            ("1", 0), ("5", 1), ("15", 1), ("30", 1), ("60", 2), ("120", 2), ("300", 2), ("600", 3), ("+Inf", 4),
        ] {
            #expect(text.contains("cold_start_total_seconds_bucket{\(series),le=\"\(bound)\"} \(count)\n"))
        }
        #expect(text.contains("cold_start_total_seconds_sum{\(series)} 4444\n"))
        #expect(text.contains("image_pull_seconds_sum{\(series)} 1111\n"))
        #expect(text.contains("model_load_seconds_sum{\(series)} 3333\n"))
        #expect(text.contains("model_load_seconds_count{\(series)} 4\n"))
    }

    @Test func poolsAreBounded() throws {
        let metrics = ColdStartMetrics()
        for index in 0..<100 { metrics.observe(try start(1), labels("pool\(index)")) }
        metrics.observe(try start(1), labels("pool3"))
        let counts = metrics.families()[0].samples.filter { $0.suffix == "_count" }
        #expect(counts.count == ColdStartMetrics.poolLimit + 1)
        func count(_ pool: String) -> Double? { counts.first { $0.labels.contains { $0 == ("pool", pool) } }?.value }
        #expect(count("other") == 84)
        #expect(count("pool3") == 2)
        #expect(count("pool16") == nil)
    }

    /// What a store knows of an image says how large it is, and with what its node asked whether it was shown lazily.
    @Test func whatTheStoreAndTheNodeSayDecides() throws {
        let (old, new) = (Digest.of([1]), Digest.of([2]))
        let images = [
            IndexedImage(manifest: old, size: 6 << 30, since: 50), IndexedImage(manifest: new, size: nil, since: 150),
        ]
        func labels(_ images: [IndexedImage], _ asked: [Digest: Int64] = [:]) -> ColdStartLabels {
            ColdStartLabels(nodeLabels: [:], images: images, creation: 100) { asked[$0] }
        }
        #expect(labels(images).size == .large && labels([images[1]]).size == .unknown)
        #expect(labels([]).size == .unknown && labels([]).lazy == .no)
        // An index that was ready too late does nothing for the Pod, unless the node got it all the same.
        #expect(labels([images[1]]).lazy == .no && labels([images[1]], [new: 151]).lazy == .yes)
        #expect(labels(images).lazy == .unknown)
        #expect(labels(images, [old: 100]).lazy == .yes && labels(images, [old: 99]).lazy == .unknown)
    }

    @Test func questionsOfNodesAreBounded() throws {
        let questions = NodeQuestions()
        let node = try #require(NodeName("n"))
        let digests = (0..<NodeQuestions.limit * 2 + 1).map { Digest.of(Array("\($0)".utf8)) }
        for (index, digest) in digests.enumerated() { questions.answered(node, digest, at: Int64(index)) }
        #expect(questions.last(node, digests[0]) == nil)
        #expect(questions.last(node, digests[NodeQuestions.limit]) == Int64(NodeQuestions.limit))
        questions.answered(node, digests[NodeQuestions.limit], at: 7)
        #expect(questions.last(node, digests[NodeQuestions.limit]) == 7)
        #expect(questions.last(try #require(NodeName("other")), digests[NodeQuestions.limit]) == nil)
    }

    @Test func namesSizesPoolsAndLaziness() {
        #expect(ColdStartLabels.Size(bytes: (1 << 30) - 1) == .small)
        #expect(ColdStartLabels.Size(bytes: (5 << 30) - 1) == .medium)
        #expect(ColdStartLabels.Size(bytes: 1 << 30) == .medium)
        #expect(
            [0, 5 << 30, .max, -1, nil].map { ColdStartLabels.Size(bytes: $0) } == [
                .small, .large, .large, .unknown, .unknown,
            ])
        #expect([true, false, nil].map { ColdStartLabels.Lazy($0).rawValue } == ["true", "false", "unknown"])
        #expect(ColdStartLabels(nodeLabels: [:], bytes: nil, isLazy: nil).pool == "unknown")
        let many = [
            "node.kubernetes.io/instance-type": "m5", "eks.amazonaws.com/nodegroup": "web", "karpenter.sh/nodepool": "",
        ]
        #expect(ColdStartLabels(nodeLabels: many, bytes: nil, isLazy: nil).pool == "web")
    }
}
