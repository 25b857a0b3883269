import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// On a clock of the test's own; a lease's own times are of a clock that is wrong by years.
@Suite struct LeaderElectionMachineTests {
    private let start = Monotonic.now()
    private let time = Timestamp(seconds: 1_800_000_000, nanoseconds: 1_234_567)

    private func at(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }

    private func lease(
        _ holder: String?, renew: String = "1999-01-01T00:00:00.000000Z", version: String? = "1", seconds: Int? = 15,
        transitions: Int? = 4
    ) -> Lease {
        var metadata = ObjectMeta(name: "l", namespace: "n")
        metadata.resourceVersion = version
        return Lease(
            metadata: metadata,
            spec: .init(
                holderIdentity: holder, leaseDurationSeconds: seconds, acquireTime: "1999-01-01T00:00:00.000000Z",
                renewTime: renew, leaseTransitions: transitions))
    }

    private func spec(_ step: LeaderElectionMachine.Step?) -> Lease.Spec? {
        switch step {
        case .create(let spec), .change(let spec, _): spec
        case .wait, nil: nil
        }
    }

    private func terms(_ identity: String) -> LeaseTerms {
        var terms = LeaseTerms(identity: identity)
        (terms.lease, terms.renewDeadline) = (15, 10_000)
        return terms
    }

    private func written(_ spec: Lease.Spec, version: String = "2") -> Lease {
        var lease = lease("")
        lease.metadata.resourceVersion = version
        lease.spec = spec
        return lease
    }

    private var machine: LeaderElectionMachine { LeaderElectionMachine(terms("me")) }

    @Test func aLeaseThatIsNotThereIsMade() throws {
        var machine = machine
        let step = machine.found(nil, now: start, time: time)
        let expected = Lease.Spec(
            holderIdentity: "me", leaseDurationSeconds: 15, acquireTime: "2027-01-15T08:00:00.001234Z",
            renewTime: "2027-01-15T08:00:00.001234Z", leaseTransitions: 0)
        #expect(step == .create(expected))
        #expect(!machine.leads(at: start))
        machine.wrote(written(expected), begun: start)
        #expect(machine.leads(at: at(9999)))
        #expect(!machine.leads(at: at(10_000)))
        #expect(machine.deadline == at(10_000))
    }

    @Test(arguments: ["", nil] as [String?]) func aFreeLeaseIsTakenAtOnce(holder: String?) {
        var machine = machine
        let step = machine.found(lease(holder, version: "8"), now: start, time: time)
        #expect(spec(step)?.leaseTransitions == 5)
        guard case .change(_, version: "8") = step else {
            Issue.record("\(step)")
            return
        }
    }

    /// Only changes that were seen count, never the times in the lease.
    @Test(arguments: ["1999-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "x"])
    func anotherHoldsALeaseForAsLongAsItChanges(renew: String) {
        var machine = machine
        for number in 0..<100 {
            let now = at(number * 14_999)
            #expect(machine.found(lease("other", renew: "\(renew)\(number)"), now: now, time: time) == .wait)
        }
        let last = 99 * 14_999
        let dead = lease("other", renew: "\(renew)99")
        #expect(machine.found(dead, now: at(last + 14_999), time: time) == .wait)
        let step = machine.found(dead, now: at(last + 15_000), time: time)
        #expect(spec(step)?.holderIdentity == "me" && spec(step)?.leaseTransitions == 5)
    }

    @Test(
        arguments: [
            (1, 1000), (60, 60_000), (0, 15_000), (-5, 15_000), (3601, 15_000), (Int.max, 15_000), (nil, 15_000),
        ] as [(Int?, Int)])
    func theHoldersDurationCountsWithinReason(seconds: Int?, milliseconds: Int) {
        var machine = machine
        let lease = lease("other", seconds: seconds)
        #expect(machine.found(lease, now: start, time: time) == .wait)
        #expect(machine.found(lease, now: at(milliseconds - 1), time: time) == .wait)
        #expect(machine.found(lease, now: at(milliseconds), time: time) != .wait)
    }

    @Test func aHolderRenews() {
        var machine = machine
        machine.wrote(lease("me"), begun: start)
        let step = machine.found(lease("me"), now: at(2000), time: time)
        let renewed = spec(step)
        #expect(renewed?.acquireTime == "1999-01-01T00:00:00.000000Z" && renewed?.leaseTransitions == 4)
        #expect(renewed?.renewTime == "2027-01-15T08:00:00.001234Z")
        // Found, but not yet written.
        #expect(machine.deadline == at(10_000))
        if let renewed { machine.wrote(written(renewed), begun: at(2000)) }
        #expect(machine.deadline == at(12_000))
    }

    @Test func aHolderRenewsWithoutALookAsLongAsItKnowsTheLease() {
        var machine = machine
        #expect(machine.renewal(time: time) == nil)
        machine.wrote(lease("me", version: "7"), begun: start)
        let step = machine.renewal(time: time)
        var expected = lease("me").spec
        expected.renewTime = "2027-01-15T08:00:00.001234Z"
        #expect(step == .change(expected, version: "7"))
        // A renewal that nobody answered may have changed the version.
        machine.lostTrack()
        #expect(machine.renewal(time: time) == nil && machine.leads(at: at(9999)))
        machine.wrote(lease("me", version: "8"), begun: at(2000))
        _ = machine.found(lease("other"), now: at(3000), time: time)
        #expect(machine.renewal(time: time) == nil)
    }

    /// A holder that is a renewal late still has time for more than one try, and is stopped before another begins.
    @Test func theTermsOfTheControllerFitTogether() {
        let terms = LeaseTerms(identity: "me")
        #expect(terms.renew + 2 * terms.retry < terms.renewDeadline)
        #expect(terms.renewDeadline + 10_000 < terms.lease * 1000)
    }

    @Test func aHolderWhoseLeaseWasTakenStopsAtOnce() {
        var machine = machine
        machine.wrote(lease("me"), begun: start)
        #expect(machine.found(lease("other"), now: at(2000), time: time) == .wait)
        #expect(!machine.leads(at: at(2000)) && machine.deadline == nil)
    }

    @Test func aHolderWhoseLeaseWasDeletedMakesItAnew() {
        var machine = machine
        machine.wrote(lease("me"), begun: start)
        guard case .create = machine.found(nil, now: at(2000), time: time) else {
            Issue.record("no lease is made")
            return
        }
        #expect(!machine.leads(at: at(2000)))
    }

    @Test(arguments: [nil, -3, Int.max] as [Int?]) func hostileNumbersDoNotTrap(transitions: Int?) {
        var machine = machine
        let spec = spec(machine.found(lease("", transitions: transitions), now: start, time: time))
        #expect((spec?.leaseTransitions).map { (1...Int(Int32.max)).contains($0) } == true)
    }

    @Test func aLeaseIsGivenBackByItsHolderAlone() {
        let step = machine.released(lease("me", version: "3"), time: time)
        #expect(spec(step)?.holderIdentity == "" && spec(step)?.leaseDurationSeconds == 1)
        #expect(machine.released(lease("other"), time: time) == nil)
        #expect(machine.released(lease(""), time: time) == nil)
        // The next takes it without waiting.
        var next = LeaderElectionMachine(terms("next"))
        #expect(
            next.found(spec(step).map { Lease(metadata: lease("").metadata, spec: $0) }, now: start, time: time)
                != .wait)
    }

    /// Three processes, whose calls fail and whose clocks have nothing in common: no two lead at a time.
    @Test(arguments: 0..<50) func noTwoLead(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machines = (0..<3).map { LeaderElectionMachine(terms("\($0)")) }
        let clocks = (0..<3).map { _ in Int.random(in: 0...1_000_000, using: &random) }
        var (stored, version) = (nil as Lease?, 0)
        var holders = 0
        for tick in 0..<3000 {
            // A process does nothing for long now and then, and its calls are lost for long.
            for index in 0..<3 where (tick / 40 + index * 7) % 5 != 0 {
                guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
                let now = at(tick * 500 + clocks[index])
                let time = Timestamp(seconds: Int64.random(in: 0...2_000_000_000, using: &random))
                var step = machines[index].renewal(time: time)
                if case .change(_, let known) = step, known != stored?.metadata.resourceVersion { step = nil }
                let next = step ?? machines[index].found(stored, now: now, time: time)
                guard Int.random(in: 0..<4, using: &random) > 0, let spec = spec(next) else { continue }
                version += 1
                var metadata = ObjectMeta(name: "l")
                metadata.resourceVersion = "\(version)"
                if stored?.spec.holderIdentity != spec.holderIdentity { holders += 1 }
                stored = Lease(metadata: metadata, spec: spec)
                // The answer may be lost though the write was not.
                if Int.random(in: 0..<8, using: &random) > 0, let stored {
                    machines[index].wrote(stored, begun: now)
                } else {
                    machines[index].lostTrack()
                }
            }
            let leaders = (0..<3).filter { machines[$0].leads(at: at(tick * 500 + clocks[$0])) }
            #expect(leaders.count <= 1)
        }
        #expect(holders > 1)
    }
}
