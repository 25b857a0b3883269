import HermesSupport
import Testing

@testable import HermesController
@testable import HermesKubernetes

@Suite struct ColdStartTests {
    /// A Pod that was created at second 0, whose containers started at `starts`, and that is ready or not since `since`.
    private func pod(_ starts: [Int?], ready: Bool?, since: Int = 0, restarts: Int = 0) -> Pod {
        var pod = Samples.pod("x", starts.map { _ in "i" })
        pod.metadata.creationTimestamp = Samples.time(0)
        pod.status?.conditions = ready.map {
            [Pod.Condition(type: "Ready", status: $0 ? "True" : "False", lastTransitionTime: Samples.time(since))]
        }
        pod.status?.containerStatuses = starts.enumerated().map { index, start in
            Pod.ContainerStatus(
                name: "c\(index)", restartCount: restarts,
                state: start.map { .init(running: .init(startedAt: Samples.time($0))) } ?? .init(waiting: .init()))
        }
        return pod
    }

    @Test func measuresTheParts() throws {
        let start = ColdStart(
            from: pod([20, nil], ready: false, since: 3), to: pod([20, 41], ready: true, since: 100))
        #expect(start?.total == 100)
        #expect(start?.pull == 41)
        #expect(start?.load == 59)
        #expect(ColdStart(from: pod([nil], ready: nil), to: pod([1], ready: true, since: 2))?.total == 2)
    }

    @Test func aPodCountsOnce() {
        let ready = pod([20], ready: true, since: 30)
        #expect(ColdStart(from: pod([20], ready: false, since: 3), to: ready) != nil)
        #expect(ColdStart(from: ready, to: ready) == nil)
        #expect(ColdStart(from: nil, to: ready) == nil)
        // It was not ready for a while, and is again.
        #expect(ColdStart(from: ready, to: pod([20], ready: false, since: 500)) == nil)
        #expect(ColdStart(from: pod([20], ready: false, since: 500), to: pod([20], ready: true, since: 600)) == nil)
        // So was a Pod whose container was started anew.
        #expect(
            ColdStart(
                from: pod([520], ready: false, since: 500, restarts: 1),
                to: pod([520], ready: true, since: 600, restarts: 1))
                == nil)
        var other = ready
        other.metadata.uid = "new"
        #expect(ColdStart(from: pod([20], ready: false, since: 3), to: other) == nil)
    }

    @Test func clocksThatDifferGiveNoNegativeTimes() {
        let start = ColdStart(from: pod([nil], ready: nil), to: pod([-5], ready: true, since: -7))
        #expect(start?.total == 0)
        #expect(start?.pull == 0)
        #expect(start?.load == 0)
    }

    @Test func wrongTimesAreNoStart() {
        var ready = pod([20], ready: true, since: 30)
        ready.metadata.creationTimestamp = "yesterday"
        #expect(ColdStart(from: pod([20], ready: false), to: ready) == nil)
        ready = pod([20, 25], ready: true, since: 30)
        ready.status?.containerStatuses?.removeLast()
        #expect(ColdStart(from: pod([20], ready: false), to: ready) == nil)
    }
}
