import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct RangeRaceTests {
    private let start = Monotonic(nanoseconds: 1_000_000_000)
    private let down = HermesError(.unavailable, "down")
    private let missing = HermesError(.notFound, "missing")

    private func after(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }

    /// Three hosts in order, all of them usually quick.
    private func round(_ hosts: [Int] = [0, 1, 2]) -> HostRound {
        var pace = HostPace()
        pace.answered(after: 100)
        return HostRound(good: hosts, doubtful: [], paces: [0: pace, 1: pace, 2: pace])
    }

    private func demand(_ hosts: [Int] = [0, 1, 2], deadline: Int = 60_000) -> RangeRace {
        RangeRace(round(hosts), terms: FetchTerms(deadline: after(deadline)))
    }

    @Test func theNextHostIsAskedAfterTheHedgeDelayAndTheFirstToDeliverWins() {
        for winner in 0...1 {
            var race = demand()
            #expect(race.begin(now: start) == [.ask(leg: 0, host: 0)])
            #expect(race.nextWake == after(300))
            #expect(race.due(now: after(299)) == [])
            #expect(race.due(now: after(300)) == [.ask(leg: 1, host: 1)])
            // Two at a time, and no more.
            #expect(race.due(now: after(2000)) == [])
            #expect(race.delivered(winner, 100_000, now: after(2000)) == [.drop(leg: 1 - winner, host: 1 - winner)])
            #expect(race.delivered(winner, 100_000, now: after(2100)) == [])
            // What the loser still brings is nobody's.
            #expect(race.delivered(1 - winner, 100_000, now: after(2100)) == [])
            #expect(race.failed(1 - winner, down, now: after(2100)) == [])
        }
    }

    @Test func aGapInTheMiddleIsHedgedLaterThanAMissingStart() {
        var race = demand()
        _ = race.begin(now: start)
        #expect(race.delivered(0, 100_000, now: after(100)) == [])
        #expect(race.due(now: after(1099)) == [])
        #expect(race.due(now: after(1100)) == [.ask(leg: 1, host: 1)])
        #expect(race.delivered(1, 100_000, now: after(1200)) == [.drop(leg: 0, host: 0)])
        // The winner may stall as well: the third is asked.
        #expect(race.due(now: after(2200)) == [.ask(leg: 2, host: 2)])
    }

    @Test func aTrickleIsGivenUpAndAsSlowAWayEverywhereIsNot() {
        var race = demand([0, 1])
        _ = race.begin(now: start)
        _ = race.delivered(0, 1000, now: after(100))
        var time = 100
        // 10 kB/s: never silent, and hardly anything.
        while race.due(now: after(time)).isEmpty, time < 30_000 {
            time += 100
            #expect(race.delivered(0, 1000, now: after(time)) == [])
        }
        #expect(time == 5100)
        #expect(race.due(now: after(time)) == [.giveUp(leg: 0, host: 0, after: 5000)])
        #expect(race.failed(0, down, isStalled: true, now: after(time)) == [.ask(leg: 1, host: 1)])
        // 20 kB/s bring 64 KiB within the patience.
        for _ in 0..<300 {
            time += 100
            #expect(race.delivered(1, 2000, now: after(time)) == [])
            #expect(race.due(now: after(time)) == [])
        }
    }

    @Test func bytesThatNobodyAskedForAreNoSilence() {
        var race = demand()
        _ = race.begin(now: start)
        for time in stride(from: 200, to: 20_000, by: 200) {
            race.heard(0, now: after(time))
            #expect(race.due(now: after(time)) == [])
        }
    }

    @Test func aLoneHostIsAskedAgainOnNewConnectionsWithMorePatience() {
        var race = demand([0])
        var now = start
        #expect(race.begin(now: now) == [.ask(leg: 0, host: 0)])
        #expect(!race.isOnNewConnection)
        for (leg, patience) in [5000, 10_000, 20_000, 20_000].enumerated() {
            #expect(race.nextWake == now.adding(milliseconds: patience))
            now = now.adding(milliseconds: patience)
            #expect(race.due(now: now) == [.giveUp(leg: leg, host: 0, after: patience)])
            #expect(race.failed(leg, down, isStalled: true, now: now) == [.renew])
            #expect(race.renewed(round([0]), now: now) == [.ask(leg: leg + 1, host: 0)])
            #expect(race.isOnNewConnection)
        }
        #expect(race.nextWake == after(60_000))
        #expect(race.due(now: after(60_000)) == [.expire])
    }

    @Test func aSlowHostIsGivenTheTimeThatItNeeds() {
        var pace = HostPace()
        pace.answered(after: 3000)
        #expect(pace.hedgeDelay == 2000)
        #expect(pace.patience(before: 0) == 12_000)
        pace.answered(after: 1_000_000)
        #expect(pace.patience(before: 9) == 20_000)
        #expect(HostPace().hedgeDelay == 999)
        var quick = HostPace()
        quick.answered(after: 1)
        #expect(quick.hedgeDelay == 200)
        #expect(quick.gapDelay == 1000)
    }

    @Test func aFailureLeadsOnUnlessAnotherLegRuns() {
        var race = demand()
        _ = race.begin(now: start)
        #expect(race.failed(0, down, now: after(10)) == [.ask(leg: 1, host: 1)])
        #expect(race.due(now: after(310)) == [.ask(leg: 2, host: 2)])
        #expect(race.failed(1, down, now: after(320)) == [])
        #expect(race.delivered(2, 100_000, now: after(330)) == [])
        // That was the last: a failure in the middle is the end of it.
        #expect(race.failed(2, down, now: after(340)) == [.fail])
        #expect(race.error?.code == .unavailable)
    }

    @Test func aRefusalIsNotAskedForAgain() {
        var race = demand([0])
        _ = race.begin(now: start)
        #expect(race.failed(0, missing, now: after(10)) == [.fail])
        #expect(race.error?.code == .notFound)
        var nobody = RangeRace(HostRound(good: [], doubtful: []), terms: .background)
        #expect(nobody.begin(now: start) == [.fail])
        #expect(nobody.error == nil)
    }

    @Test func theBackgroundIsPatientUntilAProcessWaits() {
        var race = RangeRace(round(), terms: .background)
        #expect(race.begin(now: start) == [.ask(leg: 0, host: 0)])
        #expect(race.nextWake == nil)
        #expect(race.due(now: after(3_600_000)) == [])
        race.urge(until: after(3_660_000), now: after(3_600_000))
        #expect(race.nextWake == after(3_600_300))
        #expect(race.due(now: after(3_600_300)) == [.ask(leg: 1, host: 1)])
        // The latest deadline counts.
        race.urge(until: after(3_650_000), now: after(3_600_400))
        #expect(race.deadline == after(3_660_000))
        race.urge(until: after(3_670_000), now: after(3_600_400))
        #expect(race.deadline == after(3_670_000))
    }

    @Test func aRetryTrustsNoOldConnection() {
        let race = RangeRace(round(), terms: FetchTerms(deadline: nil, isRetry: true))
        #expect(race.isOnNewConnection)
    }

    /// Whatever happens, bytes come from one leg at a time, no host is asked twice in a round, and it ends by the deadline.
    @Test(arguments: 1...50) func anyOrderOfEvents(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var race = demand(Array(0..<Int.random(in: 1...3, using: &random)), deadline: 30_000)
        var now = start
        var legs: Set<Int> = []
        var isOver = false
        func perform(_ actions: [RangeRace.Action]) {
            for action in actions {
                switch action {
                case .ask(let leg, _): #expect(legs.insert(leg).inserted)
                case .drop(let leg, _): #expect(legs.remove(leg) != nil)
                case .giveUp(let leg, _, _):
                    #expect(legs.remove(leg) != nil)
                    perform(race.failed(leg, down, isStalled: true, now: now))
                case .renew: perform(race.renewed(round([0, 1]), now: now))
                case .fail:
                    #expect(legs.isEmpty)
                    isOver = true
                case .expire: isOver = true
                }
            }
            #expect(isOver || (1...2).contains(legs.count))
        }
        perform(race.begin(now: now))
        while !isOver {
            let leg = legs.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                legs.remove(leg)
                perform(race.failed(leg, down, now: now))
            case 1...3:
                perform(race.delivered(leg, 100_000, now: now))
                #expect(legs == [leg])
            case 4: race.heard(leg, now: now)
            default: now = max(now, race.nextWake ?? now)
            }
            while case let actions = race.due(now: now), !isOver, !actions.isEmpty { perform(actions) }
            #expect(isOver || now < after(30_000))
        }
    }
}
