import Testing

@testable import HermesCore
@testable import HermesSupport

/// When spans are kept, and when the cache has to look for room.
@Suite struct CacheRoomTests {
    private let start = Monotonic(nanoseconds: 0)

    @Test func aFullDiskIsTriedAgainLater() {
        var room = CacheRoom()
        #expect(room.admits(100) == true)
        let first = room.writeFailed(now: start)
        #expect(first, "the first failure is news")
        // A write that was under way.
        let second = room.writeFailed(now: start.adding(milliseconds: 1))
        #expect(!second)
        #expect(room.admits(1) == false)
        #expect(!room.isLookDue(now: start.adding(milliseconds: 5000)))
        #expect(room.isLookDue(now: start.adding(milliseconds: 5001)))
        room.looked(hasSpace: false, now: start.adding(milliseconds: 6000))
        #expect(!room.isOpen)
        #expect(!room.isLookDue(now: start.adding(milliseconds: 10_999)))
        room.looked(hasSpace: true, now: start.adding(milliseconds: 11_000))
        #expect(room.isOpen)
        #expect(room.admits(1) == true)
        let third = room.writeFailed(now: start.adding(milliseconds: 12_000))
        #expect(third, "another outage")
    }

    @Test func theBudgetIsSpentByTheByte() {
        var room = CacheRoom()
        room.allow(10)
        #expect(room.admits(6) == true)
        #expect(room.admits(4) == true)
        #expect(room.isOpen)
        #expect(room.admits(1) == false)
        #expect(room.refused == 1)
        #expect(!room.isOpen)
    }

    @Test func whatWasRefusedMustFit() {
        var room = CacheRoom()
        room.allow(10)
        #expect(room.admits(11) == false)
        #expect(room.admits(1) == false, "no smaller one slips in")
        room.allow(10)
        #expect(room.refused == 11)
        room.allow(11)
        #expect(room.admits(11) == true)
        #expect(room.admits(1) == false)
    }

    @Test func bothMustBeOver() {
        var room = CacheRoom()
        room.allow(0)
        #expect(room.admits(5) == false)
        _ = room.writeFailed(now: start)
        room.allow(5)
        #expect(!room.isOpen)
        room.looked(hasSpace: true, now: start)
        #expect(room.isOpen)
    }
}
