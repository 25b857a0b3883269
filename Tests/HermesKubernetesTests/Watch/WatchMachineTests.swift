import HermesSupport
import HermesTestKit
import Testing

@testable import HermesKubernetes

/// Every order of what can happen to a watch, on a clock of the test's own.
@Suite struct WatchMachineTests {
    private let start = Monotonic.now()

    private func at(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }

    private func seconds(_ step: WatchMachine.Step) -> Int? {
        if case .open(_, let seconds) = step { seconds } else { nil }
    }

    /// A machine with an open watch from version 7 on.
    private func watching() -> WatchMachine {
        var machine = WatchMachine()
        machine.listed(version: "7")
        machine.opened(now: start)
        return machine
    }

    @Test func itListsThenWatches() {
        var machine = WatchMachine()
        #expect(machine.next(now: start, random: 0) == .list)
        machine.listed(version: "7")
        #expect(machine.next(now: start, random: 0) == .open(version: "7", seconds: 300))
        #expect(machine.next(now: start, random: 1) == .open(version: "7", seconds: 600))
        machine.opened(now: start)
        #expect(machine.next(now: start, random: 0) == .read)
    }

    @Test func itGoesOnFromTheLastVersion() {
        var machine = watching()
        machine.received(version: "8")
        machine.received(version: "11")
        machine.received(version: nil)
        machine.received(version: "")
        machine.ended(now: start, random: 0)
        #expect(machine.next(now: start, random: 0) == .open(version: "11", seconds: 300))
    }

    /// A watch is cut a thousand times, each time after half a second without a line: it never waits and never lists.
    @Test(arguments: [true, false]) func aWatchThatIsCutGoesOnAtOnce(inOrder: Bool) {
        var machine = watching()
        for number in 1...1000 {
            let now = at(number * 500)
            if inOrder { machine.ended(now: now, random: 1) } else { machine.failed(.broken, now: now, random: 1) }
            #expect(machine.next(now: now, random: 0) == .open(version: "7", seconds: 300))
            machine.opened(now: now)
        }
        #expect(machine.backoff.failures == 0)
    }

    @Test(arguments: [true, false]) func aWatchThatBringsALineGoesOnAtOnce(inOrder: Bool) {
        var machine = watching()
        for number in 1...10 {
            machine.received(version: "\(10 + number)")
            if inOrder { machine.ended(now: start, random: 1) } else { machine.failed(.broken, now: start, random: 1) }
            #expect(machine.next(now: start, random: 0) == .open(version: "\(10 + number)", seconds: 300))
            machine.opened(now: start)
        }
    }

    /// The pauses double from half a second to 30 s, half of each left to chance.
    @Test(arguments: [0.0, 1.0]) func failuresMakeItWait(random: Double) {
        let longest = [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
        var machine = WatchMachine()
        var now = start
        for pause in longest {
            machine.failed(.broken, now: now, random: random)
            let expected = random == 1 ? pause : pause / 2
            #expect(machine.next(now: now, random: 0) == .wait(milliseconds: expected))
            now = now.adding(milliseconds: expected - 1)
            #expect(machine.next(now: now, random: 0) == .wait(milliseconds: 1))
            now = now.adding(milliseconds: 1)
            #expect(machine.next(now: now, random: 0) == .list)
        }
    }

    /// A server that agrees to a watch and ends it at once is not asked without a pause, and never for a list.
    @Test(arguments: [true, false]) func aWatchThatEndsAtOnceWaits(inOrder: Bool) {
        var machine = watching()
        var now = start
        for pause in [500, 1000, 2000, 4000, 8000, 15_000, 15_000] {
            if inOrder { machine.ended(now: now, random: 0) } else { machine.failed(.broken, now: now, random: 0) }
            #expect(machine.next(now: now, random: 0) == .wait(milliseconds: pause))
            now = now.adding(milliseconds: pause)
            #expect(machine.next(now: now, random: 0) == .open(version: "7", seconds: 300))
            machine.opened(now: now)
        }
        machine.received(version: "8")
        machine.ended(now: now, random: 0)
        #expect(machine.next(now: now, random: 0) == .open(version: "8", seconds: 300))
    }

    @Test func aVersionThatIsGoneListsAtOnce() {
        var machine = watching()
        machine.failed(.gone, now: start, random: 0)
        #expect(machine.next(now: start, random: 0) == .list)
        machine.listed(version: "20")
        #expect(machine.next(now: start, random: 0) == .open(version: "20", seconds: 300))
    }

    /// A server that says so of every version is not asked for its list without end.
    @Test func aVersionThatIsAlwaysGoneWaits() {
        var machine = watching()
        machine.failed(.gone, now: start, random: 0)
        machine.listed(version: "8")
        machine.failed(.gone, now: start, random: 0)
        #expect(machine.next(now: start, random: 0) == .wait(milliseconds: 1000))
        machine.listed(version: "9")
        machine.opened(now: at(1000))
        machine.failed(.gone, now: at(1000), random: 0)
        #expect(machine.next(now: at(1000), random: 0) == .wait(milliseconds: 2000))
        #expect(machine.next(now: at(3000), random: 0) == .list)
        machine.listed(version: "10")
        machine.opened(now: at(3000))
        machine.received(version: "11")
        machine.failed(.gone, now: at(3000), random: 0)
        #expect(machine.next(now: at(3000), random: 0) == .list)
    }

    @Test(arguments: [400, 401, 403, 404, 405, 422]) func aWatchThatIsRefusedListsAgain(code: Int) {
        var machine = WatchMachine()
        machine.listed(version: "7")
        machine.failed(.refused(code: code, retryAfter: nil), now: start, random: 0)
        #expect(machine.next(now: at(500), random: 0) == .list)
    }

    @Test(arguments: [408, 429, 500, 502, 503]) func aServerInNeedIsLeftAlone(code: Int) {
        var machine = WatchMachine()
        machine.listed(version: "7")
        machine.failed(.refused(code: code, retryAfter: 7000), now: start, random: 0)
        #expect(machine.next(now: start, random: 0) == .wait(milliseconds: 7000))
        #expect(machine.next(now: at(7000), random: 0) == .open(version: "7", seconds: 300))
        // A server that wants less than the pause gets the pause.
        machine.failed(.refused(code: code, retryAfter: 1), now: at(7000), random: 0)
        #expect(machine.next(now: at(7000), random: 0) == .wait(milliseconds: 1000))
    }

    @Test func aLineThatCannotBeReadListsAgain() {
        var machine = watching()
        machine.received(version: "8")
        machine.failed(.invalid, now: start, random: 0)
        #expect(machine.next(now: start, random: 0) == .wait(milliseconds: 500))
        #expect(machine.next(now: at(500), random: 0) == .list)
    }

    /// Whatever happens in whatever order: a pause has at most 30 s, and a watch is only opened from the version that
    /// came last.
    @Test(arguments: 0..<20) func anyOrderKeepsTheRules(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = WatchMachine()
        var (now, last, number) = (start, nil as String?, 0)
        for _ in 0..<5000 {
            let step = machine.next(now: now, random: .random(in: 0...1, using: &random))
            let chance = Double.random(in: 0...1, using: &random)
            number += 1
            switch step {
            case .wait(let milliseconds):
                #expect((1...30_000).contains(milliseconds))
                now = now.adding(milliseconds: milliseconds)
            case .list:
                if Bool.random(using: &random) {
                    machine.listed(version: "\(number)")
                    last = "\(number)"
                } else {
                    machine.failed(.broken, now: now, random: chance)
                }
            case .open(let version, let seconds):
                #expect(version == last)
                #expect(WatchMachine.lifetime.contains(seconds))
                if Bool.random(using: &random) { machine.opened(now: now) } else { fail() }
            case .read:
                now = now.adding(milliseconds: .random(in: 0...700, using: &random))
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1:
                    machine.received(version: "\(number)")
                    last = "\(number)"
                case 2: machine.ended(now: now, random: chance)
                default: fail()
                }
            }
            func fail() {
                let failures: [WatchMachine.Failure] = [
                    .gone, .broken, .invalid, .refused(code: 403, retryAfter: nil),
                    .refused(code: 503, retryAfter: nil),
                ]
                machine.failed(failures[number % failures.count], now: now, random: chance)
            }
        }
    }
}
