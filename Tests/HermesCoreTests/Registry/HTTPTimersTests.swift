import HermesTestKit
import Testing

@testable import HermesHTTP
@testable import HermesSupport

@Suite struct HTTPTimersTests {
    private final class Held {}

    private func time(_ nanoseconds: Int) -> Monotonic { Monotonic(nanoseconds: nanoseconds) }

    @Test(arguments: [0, 1, 2, 3, 4])
    func aCancelledTimerReleasesItsAction(cancelled: Int) {
        var timers = HTTPTimers()
        weak var held: Held?
        var kept: [HTTPTimer] = []
        for index in 0..<5 {
            let object = Held()
            if index == cancelled { held = object }
            kept.append(timers.add(at: time(10 + index)) { withExtendedLifetime(object) {} })
        }
        #expect(held != nil)
        timers.remove(kept[cancelled])
        #expect(held == nil)
        // Nobody is woken for it.
        #expect(timers.next == time(cancelled == 0 ? 11 : 10))
        var count = 0
        while let action = timers.takeDue(time(20)) {
            action()
            count += 1
        }
        #expect(count == 4)
        #expect(timers.next == nil)
    }

    @Test func anActionThatWasTakenIsReleasedByWhoTookIt() {
        var timers = HTTPTimers()
        weak var held: Held?
        var object: Held? = Held()
        held = object
        let timer = timers.add(at: time(1)) { [object] in withExtendedLifetime(object) {} }
        object = nil
        do {
            let action = timers.takeDue(time(1))
            #expect(action != nil && held != nil)
        }
        #expect(held == nil)
        // Too late, and it takes nothing from others.
        _ = timers.add(at: time(2)) {}
        timers.remove(timer)
        #expect(timers.next == time(2))
        #expect(timers.takeDue(time(1)) == nil)
        #expect(timers.takeDue(time(2)) != nil)
    }

    @Test func cancelledTimersDoNotPileUp() {
        var timers = HTTPTimers()
        _ = timers.add(at: time(1)) {}
        // As for a fetch that goes on and on: each part puts the end of its patience off.
        for index in 0..<10_000 { timers.remove(timers.add(at: time(1_000_000 - index)) {}) }
        #expect(timers.placeCount <= 3)
        #expect(timers.next == time(1))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func orderIsThatOfASortedArray(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var timers = HTTPTimers()
        /// What is pending, soonest first.
        var expected: [(timer: HTTPTimer, name: Int)] = []
        var all: [HTTPTimer] = []
        var ran: [Int] = []
        var now = 0
        for step in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                // Few points of time, so that many are the same.
                let due = time(now + Int.random(in: 0..<20, using: &random))
                let timer = timers.add(at: due) { ran.append(step) }
                all.append(timer)
                expected.insert((timer, step), at: expected.firstIndex { due < $0.timer.due } ?? expected.endIndex)
            case 4..<8:
                // Also those that are gone already.
                guard let timer = all.suffix(100).randomElement(using: &random) else { break }
                timers.remove(timer)
                expected.removeAll { $0.timer === timer }
            default:
                now += Int.random(in: 0..<5, using: &random)
                ran = []
                while let action = timers.takeDue(time(now)) { action() }
                #expect(ran == expected.prefix { $0.timer.due <= time(now) }.map(\.name))
                expected.removeAll { $0.timer.due <= time(now) }
            }
            #expect(timers.next == expected.first?.timer.due)
            #expect(timers.placeCount <= 2 * expected.count + 1)
        }
        ran = []
        while let action = timers.takeDue(time(now + 20)) { action() }
        #expect(ran == expected.map(\.name))
    }
}
