import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct FillTurnsTests {
    private let start = Monotonic(nanoseconds: 1_000_000_000)

    private func after(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }

    @Test func fillBeginsAtRest() {
        var turns = FillTurns()
        #expect(turns.next(now: start, lastRead: nil) == .request)
        #expect(turns.wake == nil)
        #expect(turns.next(now: start, lastRead: start) == .nothing)
        #expect(turns.wake == after(50))
        #expect(turns.next(now: after(49), lastRead: start) == .nothing)
        #expect(turns.wake == after(50))
        #expect(turns.next(now: after(50), lastRead: start) == .request)
        #expect(turns.wake == nil)
    }

    @Test func aProgramThatNeverRestsLeavesASmallRequestEachSecond() {
        var turns = FillTurns()
        var small: [Int] = []
        for time in stride(from: 0, through: 3500, by: 10) {
            switch turns.next(now: after(time), lastRead: after(time)) {
            case .request: Issue.record("a whole request at \(time)")
            case .smallRequest: small.append(time)
            // Not later than when one is due.
            case .nothing: #expect(turns.wake.map { $0 > after(time) && $0 <= after(time + 50) } == true)
            }
        }
        #expect(small == [1000, 2010, 3020])
    }

    @Test func aRestBeginsTheWaitAnew() {
        var turns = FillTurns()
        #expect(turns.next(now: start, lastRead: start) == .nothing)
        #expect(turns.next(now: after(900), lastRead: start) == .request)
        #expect(turns.next(now: after(1100), lastRead: after(1100)) == .nothing)
        #expect(turns.next(now: after(2000), lastRead: after(2000)) == .nothing)
        #expect(turns.next(now: after(2100), lastRead: after(2100)) == .smallRequest)
    }

    @Test func theWakeCanBeForgotten() {
        var turns = FillTurns()
        #expect(turns.next(now: start, lastRead: start) == .nothing)
        turns.forgetWake()
        #expect(turns.wake == nil)
    }
}
