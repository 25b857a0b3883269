import Testing

@testable import HermesCore
@testable import HermesSupport

/// What goes from a cache, and when somebody looks.
@Suite struct CacheBudgetTests {
    private let entries = [
        CacheEntry(name: "c", size: 30, lastUsed: 3), CacheEntry(name: "a", size: 10, lastUsed: 1),
        CacheEntry(name: "b", size: 20, lastUsed: 2), CacheEntry(name: "d", size: 40, lastUsed: 4),
    ]

    /// The names of what goes from a cache of 100 bytes.
    private func evicted(limit: Int64, needed: Int64 = 0, inUse: Set<String> = []) -> [String] {
        var gone: [String] = []
        var size: Int64 = 0
        let freed = CacheBudget.evict(entries, usage: 100, limit: limit, needed: needed) { entry in
            guard !inUse.contains(entry.name) else { return false }
            gone.append(entry.name)
            size += entry.size
            return true
        }
        #expect(freed == size)
        return gone
    }

    @Test func whatWasUsedLongestAgoGoesFirst() {
        #expect(evicted(limit: 100) == [])
        #expect(evicted(limit: 99) == ["a"])
        #expect(evicted(limit: 80) == ["a", "b"])
        #expect(evicted(limit: 0) == ["a", "b", "c", "d"])
    }

    @Test func alittleMoreGoesThanMust() {
        // To 90 exactly would be within a limit of 92, but not below 95 % of it.
        #expect(evicted(limit: 92) == ["a", "b"])
        #expect(evicted(limit: 95) == ["a"])
    }

    @Test func whatIsToComeNeedsRoom() {
        #expect(evicted(limit: 120, needed: 20) == [])
        #expect(evicted(limit: 120, needed: 21) == ["a"])
        #expect(evicted(limit: 120, needed: 60) == ["a", "b", "c"])
        // More than there can ever be takes all, and no more.
        #expect(evicted(limit: 120, needed: .max) == ["a", "b", "c", "d"])
    }

    @Test func whatIsInUseStays() {
        #expect(evicted(limit: 85, inUse: ["a"]) == ["b"])
        #expect(evicted(limit: 10, inUse: ["a", "b", "c", "d"]) == [])
        #expect(evicted(limit: 0, inUse: ["d"]) == ["a", "b", "c"])
    }

    @Test func withoutASizeATenthOfTheDiskIsLeft() {
        let budget = CacheBudget()
        #expect(budget.limit(usage: 50, free: 300, total: 1000) == 250)
        #expect(budget.limit(usage: 50, free: 80, total: 1000) == 30)
        #expect(budget.limit(usage: 50, free: 0, total: 1000) == 0)
        #expect(CacheBudget(size: 7).limit(usage: 50, free: 0, total: 1000) == 7)
    }

    @Test func whenToLook() {
        let start = Monotonic(nanoseconds: 0)
        func later(_ seconds: Int) -> Monotonic { start.adding(milliseconds: seconds * 1000) }
        var upkeep = BudgetUpkeep()
        #expect(!upkeep.isDue(images: 0, stored: 0, isRefused: false, now: start))
        #expect(upkeep.isDue(images: 1, stored: 0, isRefused: false, now: start))
        upkeep.looked(images: 1, stored: 0, isFull: false, now: start)
        #expect(!upkeep.isDue(images: 1, stored: 0, isRefused: false, now: later(4000)))
        #expect(!upkeep.isDue(images: 1, stored: 1, isRefused: false, now: later(1)))
        #expect(upkeep.isDue(images: 1, stored: 1, isRefused: false, now: later(30)))
        #expect(upkeep.isDue(images: 1, stored: 64 << 20, isRefused: false, now: later(1)))
        #expect(upkeep.isDue(images: 2, stored: 0, isRefused: false, now: later(1)))
        #expect(upkeep.isDue(images: 1, stored: 0, isRefused: true, now: later(1)))
        upkeep.looked(images: 1, stored: 0, isFull: true, now: start)
        // A cache that stays full is not looked at all the time.
        #expect(!upkeep.isDue(images: 1, stored: 0, isRefused: true, now: later(1)))
        #expect(upkeep.isDue(images: 1, stored: 0, isRefused: true, now: later(5)))
        upkeep.looked(images: 1, stored: 0, isFull: false, now: later(5))
        #expect(upkeep.isDue(images: 1, stored: 0, isRefused: true, now: later(6)))
    }
}
