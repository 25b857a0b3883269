import HermesSupport
import Testing

@testable import HermesController
@testable import HermesKubernetes

@Suite struct PolicyStatusTests {
    private let start = Timestamp(seconds: 1_767_225_600, nanoseconds: 5)
    private let later = Timestamp(seconds: 1_767_229_200)

    private func image(
        _ name: String, _ phase: HermesPolicy.Image.Phase, _ second: Int? = 0, error: String? = nil
    ) -> HermesPolicy.Image {
        HermesPolicy.Image(
            imageDigestRef: name, platform: "linux/amd64", phase: phase, lastBuildTime: second.map(Samples.time),
            error: error)
    }

    private func status(
        _ images: [HermesPolicy.Image], _ policy: HermesPolicy = Samples.policy(), at time: Timestamp? = nil
    ) -> HermesPolicy.Status {
        PolicyStatus.status(of: policy, compiled: CompiledPolicy(policy), images: images, now: time ?? start)
    }

    private func condition(_ type: String, of status: HermesPolicy.Status) throws -> Condition {
        let condition = status.conditions?.first { $0.type == type }
        return try #require(condition)
    }

    @Test func countsAllAndListsTheNewest() throws {
        let images = (0..<250).map { image("r/i\($0)@sha256:1", $0 % 5 == 0 ? .failed : .ready, $0) }
        let status = status(images.shuffled() + [image("r/new", .building, nil)])
        #expect(status.ready == 200)
        #expect(status.failed == 50)
        #expect(status.building == 1)
        let listed = try #require(status.images)
        #expect(listed.count == 200)
        #expect(listed.prefix(3).map(\.imageDigestRef) == ["r/new", "r/i249@sha256:1", "r/i248@sha256:1"])
        #expect(listed.last?.imageDigestRef == "r/i51@sha256:1")
    }

    @Test func anEqualStateGivesAnEqualStatus() {
        var policy = Samples.policy(generation: 3)
        let images = (0..<20).map { image("r/i\($0)", [.ready, .building, .failed][$0 % 3], $0 / 4, error: "no") }
        policy.status = status(images, policy)
        for _ in 0..<5 { #expect(status(images.shuffled(), policy, at: later) == policy.status) }
    }

    @Test func anImageCountsOnce() {
        let twice = [
            image("r/a@sha256:1", .failed, 9), image("r/a@sha256:1", .ready, 1), image("r/a@sha256:1", .building),
        ]
        for images in [twice, twice.reversed()] {
            let status = status(images)
            #expect(status.ready == 1)
            #expect(status.failed == 0)
            #expect(status.building == 0)
            #expect(status.images?.map(\.phase) == [.ready])
        }
    }

    @Test func aTransitionHasItsTime() throws {
        var policy = Samples.policy()
        policy.status = status([image("r/a", .building)], policy)
        #expect(
            try condition("Ready", of: status([image("r/a", .building)], policy)).lastTransitionTime
                == "2026-01-01T00:00:00Z")
        let ready = status([image("r/a", .ready)], policy, at: later)
        #expect(try condition("Ready", of: ready).status == .isTrue)
        #expect(try condition("Ready", of: ready).lastTransitionTime == "2026-01-01T01:00:00Z")
        #expect(try condition("Degraded", of: ready).lastTransitionTime == "2026-01-01T00:00:00Z")
    }

    @Test func saysWhatIsSo() throws {
        func all(_ images: [HermesPolicy.Image], _ policy: HermesPolicy = Samples.policy()) -> [String] {
            (status(images, policy).conditions ?? []).map { "\($0.type)=\($0.status.rawValue) \($0.reason)" }
        }
        #expect(all([]) == ["Ready=True NoImages", "Building=False Idle", "Degraded=False AsExpected"])
        #expect(
            all([image("a", .ready)]) == [
                "Ready=True AllImagesReady", "Building=False Idle", "Degraded=False AsExpected",
            ])
        #expect(
            all([image("a", .ready), image("b", .building)])
                == ["Ready=False Incomplete", "Building=True BuildsPending", "Degraded=False AsExpected"])
        #expect(
            all([image("a", .failed), image("b", .building)])
                == ["Ready=False BuildsFailed", "Building=True BuildsPending", "Degraded=True BuildsFailed"])
        #expect(
            all([image("b", .building)], Samples.policy(paused: true))
                == ["Ready=False Incomplete", "Building=False Paused", "Degraded=False AsExpected"])
        #expect(
            all([image("a", .ready)], Samples.policy("p", ["a", "("]))
                == ["Ready=False InvalidSpec", "Building=False Idle", "Degraded=True InvalidSpec"])
    }

    @Test func namesTheFaultAndTheLastFailure() throws {
        let failed = status([image("r/old", .failed, 1, error: "old"), image("r/new", .failed, 2, error: "401\n")])
        #expect(
            try condition("Degraded", of: failed).message
                == "2 indexes cannot be built, the last one for r/new linux/amd64: 401?")
        let invalid = try condition("Degraded", of: status([], Samples.policy("p", ["("])))
        #expect(invalid.message.hasPrefix("imageSelectors[0].imageRegex \"(\" is not valid"))
    }

    @Test func boundsTexts() throws {
        let long = String(repeating: "é", count: 100_000)
        let status = status([image("r/a", .failed, error: long)])
        #expect(try #require(status.images?.first?.error).utf8.count == 1024)
        #expect(try condition("Degraded", of: status).message.utf8.count <= 1024)
    }
}
