import HermesSupport
import Testing

@testable import HermesBench

/// Against the definition: a count, and a time in which the last one begins.
@Suite struct WarmRequestsTests {
    private let begin = Monotonic.now()

    private func sent(_ warm: WarmRequests, each milliseconds: Int) -> Int {
        var (count, now) = (0, begin)
        while warm.goesOn(after: count, since: begin, at: now) {
            count += 1
            now = now.adding(milliseconds: milliseconds)
        }
        return count
    }

    @Test func quickOnesAreAThousand() {
        #expect(sent(.usual, each: 1) == 1000)
        #expect(sent(.usual, each: 9) == 1000)
    }

    @Test func slowOnesTakeTenSeconds() {
        #expect(sent(.usual, each: 100) == 100)
        #expect(sent(.usual, each: 4000) == 3)
        #expect(sent(.usual, each: 60_000) == 1)
    }

    @Test func aNumberIsANumber() {
        #expect(sent(WarmRequests(count: 30), each: 60_000) == 30)
        #expect(sent(WarmRequests(count: 0), each: 1) == 0)
    }
}
