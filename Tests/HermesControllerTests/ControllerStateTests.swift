import HermesKubernetes
import Testing

@testable import HermesController
@testable import HermesSupport

/// Against what a user of policies expects to see, without a cluster.
@Suite struct ControllerStateTests {
    private static let start = Monotonic(nanoseconds: 1_000_000_000)
    private static let image = "r.io/team/app:1"

    private func state(
        _ policies: [HermesPolicy], _ pods: [Pod], stored: [ControllerState.Stored: HermesPolicy.Image] = [:]
    ) -> ControllerState {
        var state = ControllerState(atOnce: 2, stored: stored)
        state.take(WatchChange.replaced([Samples.node("n", "amd64")]))
        state.take(WatchChange.replaced([Samples.namespace("one", [:])]))
        state.take(WatchChange.replaced(policies))
        state.take(WatchChange.replaced(pods))
        return state
    }

    private func plan(_ state: inout ControllerState, after milliseconds: Int = 0) -> ControllerState.Plan {
        state.plan(now: Self.start.adding(milliseconds: milliseconds), time: Timestamp(seconds: 1_800_000_000))
    }

    /// Writes what a plan reports, as the API server would.
    private func write(_ plan: ControllerState.Plan, _ state: inout ControllerState, after milliseconds: Int = 0) {
        for policy in plan.report {
            state.reported(policy.metadata.name, policy, now: Self.start.adding(milliseconds: milliseconds))
        }
    }

    private func ready(_ target: BuildTarget) -> HermesPolicy.Image {
        HermesPolicy.Image(
            imageDigestRef: "r.io/team/app@\(Samples.digest)", platform: "\(target.platform)", phase: .ready,
            lastBuildTime: Samples.time(0))
    }

    @Test func doesNothingBeforeAllIsListed() {
        var state = ControllerState(atOnce: 1, stored: [:])
        state.take(WatchChange.replaced([Samples.policy()]))
        state.take(WatchChange.replaced([Samples.pod("a", [Self.image])]))
        let plan = plan(&state)
        #expect(plan.begin.isEmpty && plan.report.isEmpty)
        #expect(state.missing == [.namespaces, .nodes])
    }

    @Test func buildsAndSaysSo() throws {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        var plan = plan(&state)
        let target = try #require(plan.begin.first?.target)
        #expect(target.image == Self.image)
        #expect(plan.report.first?.status?.building == 1)
        #expect(plan.report.first?.status?.images?.map(\.imageDigestRef) == [Self.image])
        write(plan, &state)
        // Nothing has changed, so there is nothing to do.
        plan = self.plan(&state, after: 2000)
        #expect(plan.begin.isEmpty && plan.report.isEmpty && plan.stop.isEmpty)
        state.ended(target, .ready, found: ready(target), random: 0, now: Self.start.adding(milliseconds: 3000))
        plan = self.plan(&state, after: 3000)
        #expect(plan.report.first?.status?.ready == 1)
        #expect(plan.report.first?.status?.images?.map(\.imageDigestRef) == ["r.io/team/app@\(Samples.digest)"])
        write(plan, &state, after: 3000)
        #expect(self.plan(&state, after: 9000).report.isEmpty)
    }

    @Test func aFailureStaysUntilItIsMended() throws {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        let target = try #require(plan(&state).begin.first?.target)
        var failed = ready(target)
        failed.phase = .failed
        failed.error = "the registry says no"
        state.reported("p", nil, now: Self.start)
        state.ended(
            target, .failed(isLasting: false, message: "no"), found: failed, random: 0,
            now: Self.start.adding(milliseconds: 1000))
        var plan = plan(&state, after: 2000)
        #expect(plan.report.first?.status?.failed == 1)
        #expect(plan.report.first?.status?.images?.first?.error == "the registry says no")
        write(plan, &state, after: 2000)
        // It is tried again, and has failed until that is over.
        plan = self.plan(&state, after: 20_000)
        #expect(plan.begin.map(\.target) == [target])
        #expect(plan.report.isEmpty)
        state.ended(target, .ready, found: ready(target), random: 0, now: Self.start.adding(milliseconds: 21_000))
        #expect(self.plan(&state, after: 21_000).report.first?.status?.ready == 1)
    }

    @Test func whatTheStoreHasIsReadyAtOnceAndStaysSo() throws {
        let stored = ControllerState.Stored(reference: "\(Self.image)", platform: "linux/amd64")
        let target = BuildTarget(image: Self.image, platform: Samples.amd64)
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])], stored: [stored: ready(target)])
        let plan = plan(&state)
        #expect(plan.report.first?.status?.ready == 1)
        #expect(plan.begin.count == 1)
        write(plan, &state)
        // The registry is away.
        var failed = ready(target)
        failed.phase = .failed
        state.ended(
            target, .failed(isLasting: false, message: "no"), found: failed, random: 0,
            now: Self.start.adding(milliseconds: 1000))
        #expect(self.plan(&state, after: 2000).report.isEmpty)
    }

    @Test func aPausedPolicyBuildsNothingAndClaimsNothing() {
        var state = state([Samples.policy(paused: true)], [Samples.pod("a", [Self.image])])
        let plan = plan(&state)
        #expect(plan.begin.isEmpty)
        #expect(plan.report.first?.status?.images == [])
    }

    @Test func writesAStatusOnceASecond() throws {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        write(plan(&state), &state)
        state.take(WatchChange.changed(Samples.pod("b", ["r.io/other:1"])))
        let early = plan(&state, after: 300)
        #expect(early.report.isEmpty)
        #expect(early.wake == Self.start.adding(milliseconds: ControllerState.reportPause))
        let late = plan(&state, after: ControllerState.reportPause)
        #expect(late.report.first?.status?.building == 2)
        // A write that is under way is not begun again.
        state.take(WatchChange.changed(Samples.pod("c", ["r.io/third:1"])))
        #expect(plan(&state, after: 5000).report.isEmpty)
        state.reported("p", nil, now: Self.start.adding(milliseconds: 5000))
        #expect(plan(&state, after: 7000).report.first?.status?.building == 3)
    }

    @Test func heartbeatsAndItsOwnWritesAreNoNews() throws {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        #expect(state.isChanged)
        let plan = plan(&state)
        #expect(!state.isChanged)
        write(plan, &state)
        #expect(state.isChanged)
        _ = self.plan(&state, after: 1000)
        // What a node says every few seconds, what a Pod says of its life, and the write that comes back.
        state.take(WatchChange.changed(Samples.node("n", "amd64")))
        state.take(WatchChange.changed(Samples.node("m", "amd64")))
        state.take(WatchChange.changed(Samples.pod("a", [Self.image])))
        state.take(WatchChange.changed(Samples.namespace("one", [:])))
        state.take(WatchChange.changed(try #require(plan.report.first)))
        #expect(!state.isChanged)
        // A platform, a Pod, a policy and a status that somebody else wrote are news.
        state.take(WatchChange.changed(Samples.node("m", "arm64")))
        #expect(state.isChanged)
        #expect(self.plan(&state, after: 2000).begin.map(\.target.platform) == [Samples.arm64])
        state.take(WatchChange.changed(Samples.pod("b", [Self.image])))
        #expect(state.isChanged)
        _ = self.plan(&state, after: 3000)
        state.take(WatchChange.changed(Samples.policy()))
        #expect(state.isChanged)
    }

    @Test func whatOthersWroteIsPutRight() {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        write(plan(&state), &state)
        #expect(plan(&state, after: 1000).report.isEmpty)
        state.take(WatchChange.changed(Samples.policy()))
        #expect(plan(&state, after: 2000).report.first?.status?.building == 1)
    }

    @Test func forgetsABuildThatNobodyWantsWhenItEnds() throws {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        let target = try #require(plan(&state).begin.first?.target)
        #expect(state.wants(target))
        state.take(WatchChange.deleted(Samples.pod("a", [Self.image])))
        #expect(plan(&state, after: 1000).stop == [target])
        state.ended(target, .ready, found: ready(target), random: 0, now: Self.start.adding(milliseconds: 2000))
        #expect(!state.wants(target))
        #expect(state.readyImages.isEmpty)
    }

    @Test func stopsWhatNobodyWants() throws {
        var state = state([Samples.policy()], [Samples.pod("a", [Self.image])])
        let target = try #require(plan(&state).begin.first?.target)
        state.take(WatchChange.deleted(Samples.policy()))
        #expect(plan(&state).stop == [target])
    }
}
