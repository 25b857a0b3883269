import GRPCCore
import HermesCore
import HermesTestKit
import Testing

@testable import HermesDaemon
@testable import HermesSupport

@Suite struct ObservationTests {
    @Test(
        arguments: [
            ("GET", "/metrics", true, nil), ("HEAD", "/metrics?x=1", false, nil), ("GET", "/healthz", false, 200),
            ("GET", "/readyz", false, 503), ("GET", "/readyz?verbose", true, 200), ("POST", "/metrics", true, 405),
            ("GET", "/", true, 404), ("GET", "", true, 404), ("GET", "/metrics/", true, 404), ("GET", "*", true, 404),
        ] as [(String, String, Bool, Int?)])
    func answers(method: String, target: String, isReady: Bool, status: Int?) {
        switch MetricsAnswer(method: method, target: target, isReady: isReady) {
        case .metrics: #expect(status == nil)
        case .text(let given, let text): #expect(given == status && !text.contains("\n"))
        }
    }

    @Test func theLastImagesAreKept() {
        let pulls = PullHistory()
        let limit = PullHistory.limit
        for number in 0..<limit.images + 5 {
            pulls.left(.noIndex, "image\(number)", nil, "line\nbreak" + String(repeating: "x", count: 2 * limit.cause))
        }
        pulls.mounted()
        #expect(pulls.left.map(\.image) == (5..<limit.images + 5).reversed().map { "image\($0)" })
        #expect(pulls.left.allSatisfy { $0.cause.utf8.count == limit.cause && $0.cause.hasPrefix("line?break") })
        #expect(pulls.results[.noIndex] == limit.images + 5 && pulls.results[.lazy] == 1)
    }

    @Test func anImageThatIsNotNamedIsToldApart() {
        let pulls = PullHistory()
        let labels = ["containerd.io/snapshot.ref": "sha256:1"]
        pulls.passedOver("sha256:1", labels, isMounting: true)
        pulls.passedOver("sha256:1", labels, isMounting: false)
        #expect(pulls.left.map(\.result) == [.failed, .notAsked])
        #expect(pulls.left.allSatisfy { $0.image == nil && $0.manifest == nil && !$0.cause.isEmpty })
    }

    @Test func imagesThatFindNoRoomAreLeft() {
        var phases = ImagePhases<Int>()
        let now = Monotonic.now()
        let (soon, later) = (now.adding(milliseconds: 10), now.adding(milliseconds: 20))
        for number in 0..<ImagePhases<Int>.atOnce {
            guard case .prepare = phases.ask(Self.digest(number), from: now, until: soon, isNeeded: false, now: now)
            else {
                Issue.record("there is room for \(number)")
                return
            }
        }
        let next = Self.digest(99)
        guard case .wait = phases.ask(next, from: now, until: soon, isNeeded: false, now: now) else {
            Issue.record("it waits for room")
            return
        }
        guard case .crowdedOut = phases.ask(next, from: now, until: soon, isNeeded: false, now: later) else {
            Issue.record("it has waited for long enough")
            return
        }
        // The layers that follow are the same pull's.
        guard case .aside = phases.ask(next, from: now, until: later, isNeeded: false, now: later) else {
            Issue.record("it is left aside")
            return
        }
        #expect(phases.allShown.isEmpty && phases.preparing == ImagePhases<Int>.atOnce)
        let isShown = phases.ended(Self.digest(0), 7, now: now)
        #expect(isShown)
        #expect(phases.allShown == [7] && phases.preparing == ImagePhases<Int>.atOnce - 1)
    }

    private static func digest(_ number: Int) -> Digest { Digest.of(Array("\(number)".utf8)) }

    @Test func callsAreCountedByNameAndCode() throws {
        let calls = CallMetrics()
        let start = Monotonic.now()
        calls.ended(.prepare, .ok, since: start)
        calls.ended(.prepare, CallCode(.alreadyExists), since: start)
        calls.ended(.list, CallCode(.deadlineExceeded), since: start)
        let samples = try Samples.read(calls.families().map(\.text).joined())
        #expect(samples["hermes_daemon_calls_total{call=\"Prepare\",code=\"ok\"}"] == 1)
        #expect(samples["hermes_daemon_calls_total{call=\"Prepare\",code=\"already_exists\"}"] == 1)
        #expect(samples["hermes_daemon_calls_total{call=\"List\",code=\"other\"}"] == 1)
        #expect(samples["hermes_daemon_call_duration_seconds_count{call=\"Prepare\"}"] == 2)
        #expect(samples["hermes_daemon_call_duration_seconds_bucket{call=\"List\",le=\"+Inf\"}"] == 1)
        #expect(samples["hermes_daemon_call_duration_seconds_count{call=\"Cleanup\"}"] == 0)
    }

    @Test func everyCodeOfTheSnapshotterHasALabel() {
        for kind in SnapshotError.Kind.allCases { #expect(CallCode(RPCError.Code(kind)) != .other) }
        for error in [HermesError(.unavailable, "busy"), HermesError(.io, "broken")] {
            #expect(CallCode(RPCError(answering: error).code) != .other)
        }
    }

    @Test func aProcessWithAStrangeNameIsRead() {
        let line =
            "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 5 6 20 0 12 0 12345 8192000 100 18446744073709551615 1 1"
        let status = ProcessStatus(line, ticks: 100, page: 4096)
        #expect(status?.processorSeconds == 3 && status?.threads == 12 && status?.start == 123.45)
        #expect(status?.virtualBytes == 8_192_000 && status?.residentBytes == 409_600)
    }

    @Test(arguments: ["", "7 (a", "7 (a) S 1", "7 (a) S x x x x x x x x x x x x x x x x x x x x x x x x"])
    func aLineThatIsNoneIsNot(line: String) { #expect(ProcessStatus(line, ticks: 100, page: 4096) == nil) }

    @Test func thisProcessHasValues() throws {
        let samples = try Samples.read(ProcessMetrics().families().map(\.text).joined())
        for (name, least) in [
            "process_cpu_seconds_total": 0, "process_resident_memory_bytes": 1 << 20, "process_threads": 1,
            "process_virtual_memory_bytes": 1 << 20, "process_open_fds": 3, "process_max_fds": 3,
        ] {
            let value = try #require(samples[name])
            #expect(value >= Double(least))
        }
        let start = try #require(samples["process_start_time_seconds"])
        #expect(start > 1_600_000_000 && start <= Double(Timestamp.now().seconds) + 1)
    }
}
