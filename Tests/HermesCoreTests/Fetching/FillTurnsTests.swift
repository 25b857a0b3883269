import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct FillTurnsTests {
    private let start = Monotonic(nanoseconds: 1_000_000_000)

    private func after(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }

    @Test func fillBeginsAtRest() {
        var turns = FillTurns()
        #expect(turns.next(now: start, lastRead: nil) == .request)
        #expect(turns.next(now: start, lastRead: start) == .nothing(until: after(50)))
        #expect(turns.next(now: after(49), lastRead: start) == .nothing(until: after(50)))
        #expect(turns.next(now: after(50), lastRead: start) == .request)
    }

    @Test func aProgramThatNeverRestsLeavesASmallRequestEachSecond() {
        var turns = FillTurns()
        var small: [Int] = []
        for time in stride(from: 0, through: 3500, by: 10) {
            switch turns.next(now: after(time), lastRead: after(time)) {
            case .request: Issue.record("a whole request at \(time)")
            case .smallRequest: small.append(time)
            // Not later than when one is due.
            case .nothing(let until): #expect(until > after(time) && until <= after(time + 50))
            }
        }
        #expect(small == [1000, 2010, 3020])
    }

    @Test func aRestBeginsTheWaitAnew() {
        var turns = FillTurns()
        #expect(turns.next(now: start, lastRead: start) == .nothing(until: after(50)))
        #expect(turns.next(now: after(900), lastRead: start) == .request)
        #expect(turns.next(now: after(1100), lastRead: after(1100)) == .nothing(until: after(1150)))
        #expect(turns.next(now: after(2000), lastRead: after(2000)) == .nothing(until: after(2050)))
        #expect(turns.next(now: after(2100), lastRead: after(2100)) == .smallRequest)
    }
}
