import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct HostHealthTests {
    private let start = Monotonic(nanoseconds: 1_000_000_000)
    private let down = HermesError(.unavailable, "down")
    private let missing = HermesError(.notFound, "missing")

    /// All hosts of a round, in order, when each fails with `error`.
    private func all(_ round: HostRound, _ error: HermesError) -> [Int] {
        var round = round
        var hosts: [Int] = []
        while let host = round.next() {
            hosts.append(host)
            round.failed(host, error)
        }
        return hosts
    }

    @Test func aDeadMirrorIsLeftAloneAndThenTriedByOneAlone() {
        var health = HostHealth()
        #expect(all(health.round([0, 1], thing: nil, now: start), down) == [0, 1])
        health.failed(0, .isDown, thing: nil, now: start)
        #expect(all(health.round([0, 1], thing: nil, now: start), down) == [1, 0])
        let later = start.adding(milliseconds: HostHealth().firstPause)
        #expect(all(health.round([0, 1], thing: nil, now: later), down) == [0, 1])
        #expect(all(health.round([0, 1], thing: nil, now: later), down) == [1, 0])
        // The probe fails: twice as long.
        health.failed(0, .isDown, thing: nil, now: later)
        let soon = later.adding(milliseconds: HostHealth().firstPause * 2 - 1)
        #expect(all(health.round([0, 1], thing: nil, now: soon), down) == [1, 0])
        #expect(all(health.round([0, 1], thing: nil, now: soon.adding(milliseconds: 1)), down) == [0, 1])
        health.succeeded(0)
        #expect(all(health.round([0, 1], thing: nil, now: soon), down) == [0, 1])
    }

    @Test func failuresTogetherCountOnce() {
        var health = HostHealth()
        for _ in 0..<100 { health.failed(0, .isDown, thing: nil, now: start) }
        let later = start.adding(milliseconds: HostHealth().firstPause)
        #expect(all(health.round([0, 1], thing: nil, now: later), down) == [0, 1])
    }

    @Test func pausesHaveAnEnd() {
        var health = HostHealth()
        var now = start
        for _ in 0..<100 {
            health.failed(0, .isDown, thing: nil, now: now)
            now = now.adding(milliseconds: HostHealth().longestPause)
            #expect(all(health.round([0, 1], thing: nil, now: now), down).first == 0)
        }
    }

    @Test func whatAHostLacksIsForgottenAndOnlyThat() {
        var health = HostHealth()
        health.failed(0, .lacksIt, thing: "a", now: start)
        #expect(all(health.round([0, 1], thing: "a", now: start), down) == [1, 0])
        #expect(all(health.round([0, 1], thing: "b", now: start), down) == [0, 1])
        #expect(all(health.round([0, 1], thing: nil, now: start), down) == [0, 1])
        let later = start.adding(milliseconds: 60_000)
        #expect(all(health.round([0, 1], thing: "a", now: later), down) == [0, 1])
        for thing in 0..<100_000 { health.failed(0, .lacksIt, thing: "\(thing)", now: start) }
    }

    @Test func aLoneHostIsAlwaysAsked() {
        var health = HostHealth()
        for _ in 0..<5 { health.failed(0, .isDown, thing: nil, now: start) }
        #expect(all(health.round([0], thing: nil, now: start), down) == [0])
        #expect(all(health.round([], thing: nil, now: start), down) == [])
    }

    @Test func theRegistryItselfHasTheLastWord() {
        // It says no, and the mirror that is down is not waited for.
        var round = HostRound(good: [1], doubtful: [0])
        #expect(round.next() == 1)
        round.failed(1, missing)
        #expect(round.next() == nil)
        #expect(round.error?.code == .notFound)
        // A mirror says no, and the registry is down: that is asked all the same, and counts.
        round = HostRound(good: [0], doubtful: [1])
        #expect(round.next() == 0)
        round.failed(0, missing)
        #expect(round.next() == 1)
        round.failed(1, down)
        #expect(round.error?.code == .unavailable)
        // A mirror's failure after the registry's counts less.
        round = HostRound(good: [1], doubtful: [0])
        _ = round.next()
        round.failed(1, down)
        #expect(round.next() == 0)
        round.failed(0, missing)
        #expect(round.error?.code == .unavailable)
    }

    @Test func aHostThatWantsToBeLeftAloneIs() {
        var health = HostHealth()
        let until = start.adding(milliseconds: 20_000)
        health.rest(0, until: until)
        health.rest(0, until: start.adding(milliseconds: 10_000))
        let patient = start.adding(milliseconds: 60_000)
        let hasty = start.adding(milliseconds: 15_000)
        #expect(all(health.round([0, 1], thing: nil, now: start, deadline: patient), down) == [1])
        #expect(all(health.round([0, 1], thing: nil, now: start, deadline: hasty), down) == [1])
        #expect(all(health.round([0], thing: nil, now: start, deadline: patient), down) == [])
        #expect(health.round([0], thing: nil, now: start).resting == [0: until])
        // Nobody else may be asked, and the reader cannot wait.
        #expect(all(health.round([0], thing: nil, now: start, deadline: hasty), down) == [0])
        health.rest(1, until: start.adding(milliseconds: 16_000))
        #expect(all(health.round([0, 1], thing: nil, now: start, deadline: hasty), down) == [0, 1])
        #expect(all(health.round([0, 1], thing: nil, now: start, deadline: patient), down) == [])
        #expect(all(health.round([0, 1], thing: nil, now: until), down) == [0, 1])
        health.succeeded(0)
        #expect(all(health.round([0], thing: nil, now: start), down) == [0])
    }

    @Test func aHostThatKeepsLosingGoesBehindForAWhile() {
        var health = HostHealth()
        for _ in 0..<HostPace.lossLimit - 1 { health.lost(0, now: start) }
        health.answered(0, after: 50)
        for _ in 0..<HostPace.lossLimit - 1 { health.lost(0, now: start) }
        #expect(all(health.round([0, 1], thing: nil, now: start), down) == [0, 1])
        health.lost(0, now: start)
        // It is still one in good order: it can be raced.
        var round = health.round([0, 1], thing: nil, now: start)
        #expect(round.next() == 1)
        #expect(round.hasAnother)
        let later = start.adding(milliseconds: HostPace.behindTime)
        #expect(all(health.round([0, 1], thing: nil, now: later), down) == [0, 1])
    }
}
