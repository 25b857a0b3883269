import HermesCore
import Testing

@testable import HermesController
@testable import HermesSupport

@Suite struct BuildQueueTests {
    private let start = Monotonic(nanoseconds: 1_000_000_000)

    private func after(_ seconds: Double) -> Monotonic { start.adding(milliseconds: Int(seconds * 1000)) }

    private func target(_ image: String) -> BuildTarget { BuildTarget(image: image, platform: Samples.amd64) }

    private func scope(_ name: String) -> PullScope {
        PullScope(namespace: name, serviceAccount: "default", pullSecrets: [])
    }

    private func begin(_ queue: inout BuildQueue, _ seconds: Double) -> String? {
        queue.next(now: after(seconds))?.target.image
    }

    private func end(_ queue: inout BuildQueue, _ image: String, _ outcome: BuildQueue.Outcome, _ seconds: Double) {
        queue.ended(target(image), outcome, random: 0, now: after(seconds))
    }

    private let unavailable = BuildQueue.Outcome.failed(isLasting: false, message: "503")
    private let denied = BuildQueue.Outcome.failed(isLasting: true, message: "401")

    @Test func boundsWhatRuns() {
        var queue = BuildQueue(atOnce: 2)
        _ = queue.want(["a", "b", "c"].map { Samples.wanted($0) }, now: start)
        #expect(begin(&queue, 0) == "a")
        #expect(begin(&queue, 0) == "b")
        #expect(begin(&queue, 0) == nil)
        #expect(queue.wakeTime == nil)
        end(&queue, "a", .ready, 1)
        #expect(begin(&queue, 1) == "c")
        #expect(["a", "b", "c", "d"].map { queue.state(of: target($0)) } == [.ready, .building, .building, nil])
    }

    @Test func imagesThatPodsWaitForComeFirstThenTheOldest() {
        var queue = BuildQueue(atOnce: 9)
        _ = queue.want([Samples.wanted("z")], now: start)
        _ = queue.want([Samples.wanted("z"), Samples.wanted("a"), Samples.wanted("m")], now: after(1))
        _ = queue.want(
            [
                Samples.wanted("z"), Samples.wanted("a"), Samples.wanted("m", awaited: true),
                Samples.wanted("b", awaited: true),
            ],
            now: after(2))
        #expect((0..<5).map { _ in begin(&queue, 2) } == ["m", "b", "z", "a", nil])
    }

    @Test func aTemporaryFailureIsTriedAgainLaterAndLater() {
        var queue = BuildQueue(atOnce: 1)
        _ = queue.want([Samples.wanted("a")], now: start)
        var time = 0.0
        for pause in [10.0, 20, 40, 80, 160, 240, 240] {
            #expect(begin(&queue, time) == "a")
            end(&queue, "a", unavailable, time)
            #expect(queue.state(of: target("a")) == .failed("503"))
            #expect(queue.wakeTime == after(time + pause))
            #expect(begin(&queue, time + pause - 0.001) == nil)
            time += pause
        }
        #expect(begin(&queue, time) == "a")
        queue.ended(target("a"), unavailable, random: 1, now: after(time))
        #expect(queue.wakeTime == after(time + 300))
        time += 300
        #expect(begin(&queue, time) == "a")
        end(&queue, "a", .ready, time)
        #expect(queue.state(of: target("a")) == .ready)
        // The next failure is a first one.
        time += 600
        #expect(begin(&queue, time) == "a")
        end(&queue, "a", unavailable, time)
        #expect(queue.wakeTime == after(time + 10))
    }

    @Test func newsDoesNotShortenATemporaryPause() {
        var queue = BuildQueue(atOnce: 1)
        _ = queue.want([Samples.wanted("a")], now: start)
        for time in [0.0, 10, 30] {
            #expect(begin(&queue, time) == "a")
            end(&queue, "a", unavailable, time)
        }
        _ = queue.want([Samples.wanted("a", generation: 2, scopes: [scope("new")])], now: after(31))
        #expect(queue.wakeTime == after(70))
    }

    @Test func aLastingFailureIsTriedAgainWhenSomethingChanges() throws {
        var queue = BuildQueue(atOnce: 1)
        let first = Samples.wanted("a", scopes: [scope("one")])
        _ = queue.want([first], now: start)
        #expect(begin(&queue, 0) == "a")
        end(&queue, "a", denied, 0)
        _ = queue.want([first], now: after(20))
        #expect(begin(&queue, 1439) == nil)
        let changes = [
            Samples.wanted("a", generation: 2), Samples.wanted("a", scopes: [scope("two")]),
            Samples.wanted("a", digests: [try Digest(Samples.digest)]),
        ]
        for change in changes {
            var queue = queue
            _ = queue.want([change], now: after(100))
            #expect(begin(&queue, 100) == "a")
            end(&queue, "a", denied, 100)
            // What was tried once is no news when it comes back.
            _ = queue.want([first], now: after(101))
            _ = queue.want([change], now: after(102))
            #expect(begin(&queue, 1539) == nil)
            #expect(begin(&queue, 1540) == "a")
        }
        #expect(begin(&queue, 1440) == "a")
    }

    @Test func newsLeavesALeastPause() {
        var queue = BuildQueue(atOnce: 1)
        _ = queue.want([Samples.wanted("a")], now: start)
        #expect(begin(&queue, 0) == "a")
        // It comes while the build runs.
        _ = queue.want([Samples.wanted("a", scopes: [scope("new")])], now: after(1))
        end(&queue, "a", denied, 5)
        #expect(queue.wakeTime == after(15))
    }

    @Test func aTagIsResolvedAgain() {
        var queue = BuildQueue(atOnce: 2)
        let pinned = Samples.wanted("b@\(Samples.digest)")
        _ = queue.want([Samples.wanted("a"), pinned], now: start)
        #expect(begin(&queue, 0) == "a")
        #expect(begin(&queue, 0) == pinned.target.image)
        end(&queue, pinned.target.image, .ready, 0)
        end(&queue, "a", .ready, 1)
        #expect(queue.wakeTime == after(601))
        _ = queue.want([Samples.wanted("a", arrival: 1), pinned], now: after(2))
        #expect(queue.wakeTime == after(11))
        #expect(begin(&queue, 11) == "a")
        #expect(queue.state(of: target("a")) == .ready)
        // A Pod that comes while the tag is resolved may find another meaning.
        _ = queue.want([Samples.wanted("a", arrival: 2), pinned], now: after(12))
        end(&queue, "a", .ready, 13)
        #expect(queue.wakeTime == after(23))
        #expect(begin(&queue, 23) == "a")
        end(&queue, "a", unavailable, 23)
        #expect(queue.state(of: target("a")) == .ready)
        #expect(queue.wakeTime == after(33))
        #expect(begin(&queue, 33) == "a")
        end(&queue, "a", .ready, 34)
        #expect(queue.wakeTime == after(634))
    }

    @Test func buildsThatNobodyWantsAreToldToStopOnce() {
        var queue = BuildQueue(atOnce: 2)
        _ = queue.want([Samples.wanted("a"), Samples.wanted("b")], now: start)
        #expect(begin(&queue, 0) == "a")
        #expect(begin(&queue, 0) == "b")
        #expect(queue.want([Samples.wanted("a"), Samples.wanted("c")], now: after(1)) == [target("b")])
        #expect(queue.want([Samples.wanted("a"), Samples.wanted("c")], now: after(1)) == [])
        // It runs until it has ended.
        #expect(queue.running == 2)
        #expect(begin(&queue, 1) == nil)
        end(&queue, "b", .stopped, 2)
        #expect(begin(&queue, 2) == "c")
        #expect(queue.state(of: target("b")) == nil)
    }

    @Test func aBuildThatIsWantedAgainWhileItStopsBeginsAnew() {
        var queue = BuildQueue(atOnce: 1)
        _ = queue.want([Samples.wanted("a")], now: start)
        #expect(begin(&queue, 0) == "a")
        #expect(queue.want([], now: after(1)) == [target("a")])
        #expect(queue.want([Samples.wanted("a")], now: after(2)) == [])
        end(&queue, "a", .stopped, 3)
        #expect(begin(&queue, 3) == "a")
        // By itself it must not come back at once.
        end(&queue, "a", .stopped, 4)
        #expect(queue.wakeTime == after(14))
    }

    @Test func aPausedPolicyBuildsNothing() {
        var queue = BuildQueue(atOnce: 1)
        _ = queue.want([Samples.wanted("a")], now: start)
        #expect(begin(&queue, 0) == "a")
        #expect(queue.want([Samples.wanted("a", paused: true)], now: after(1)) == [target("a")])
        end(&queue, "a", .stopped, 1)
        #expect(begin(&queue, 1) == nil)
        #expect(queue.state(of: target("a")) == .waiting)
        _ = queue.want([Samples.wanted("a")], now: after(2))
        #expect(begin(&queue, 2) == "a")
    }

    @Test func podsThatComeAndGoDoNotShortenAPause() {
        var queue = BuildQueue(atOnce: 1)
        _ = queue.want([Samples.wanted("a")], now: start)
        for time in [0.0, 10, 30] {
            #expect(begin(&queue, time) == "a")
            end(&queue, "a", unavailable, time)
        }
        #expect(queue.want([], now: after(31)) == [])
        #expect(queue.state(of: target("a")) == nil)
        #expect(queue.wakeTime == nil)
        _ = queue.want([Samples.wanted("a")], now: after(32))
        #expect(queue.wakeTime == after(70))
        // After the pause it is forgotten.
        _ = queue.want([], now: after(33))
        _ = queue.want([], now: after(71))
        _ = queue.want([Samples.wanted("a")], now: after(72))
        #expect(queue.state(of: target("a")) == .waiting)
    }

    @Test func remembersNotTooManyFailures() {
        var queue = BuildQueue(atOnce: 1)
        for index in 0..<1010 {
            let time = Double(index) / 1000
            _ = queue.want([Samples.wanted("i\(index)")], now: after(time))
            #expect(begin(&queue, time) == "i\(index)")
            end(&queue, "i\(index)", denied, time)
        }
        _ = queue.want([], now: after(2))
        _ = queue.want((0..<1010).map { Samples.wanted("i\($0)") }, now: after(3))
        let remembered = (0..<1010).filter { queue.state(of: target("i\($0)")) == .failed("401") }
        #expect(remembered == Array(10..<1010))
    }

    @Test func eventsOfUnknownBuildsAreNothing() {
        var queue = BuildQueue(atOnce: 1)
        end(&queue, "a", .ready, 0)
        #expect(queue.running == 0)
        _ = queue.want([Samples.wanted("a")], now: start)
        end(&queue, "a", .ready, 0)
        #expect(queue.state(of: target("a")) == .waiting)
        #expect(queue.running == 0)
    }
}
