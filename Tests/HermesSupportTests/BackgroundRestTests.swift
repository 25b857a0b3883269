import Testing

@testable import HermesSupport

@Suite struct BackgroundRestTests {
    /// A thread that looks every 5 ms.
    private struct Thread {
        var rest = BackgroundRest()
        var time = Monotonic.now()

        /// Looks until a piece of work may begin, for `most` milliseconds at most; returns how long it rested, nil if it still does.
        mutating func waits(most: Int, isWanted: (Int) -> Bool) -> Int? {
            for waited in stride(from: 0, through: most, by: 5) {
                if rest.mayGoOn(at: time, isWanted: isWanted(waited)) { return waited }
                time = time.adding(milliseconds: 5)
            }
            return nil
        }

        mutating func works(_ milliseconds: Int) {
            rest.begin(at: time)
            time = time.adding(milliseconds: milliseconds)
            rest.end(at: time)
        }
    }

    @Test func goesOnWhereProcessorsAreLeft() {
        var thread = Thread()
        for look in 0..<100 {
            // Others come and go.
            #expect(thread.waits(most: 0) { _ in look % 3 == 0 } == 0)
            thread.works(10)
        }
    }

    @Test func restsWhileOthersWantAllProcessors() {
        var thread = Thread()
        var pieces = 0
        while pieces < 20, thread.waits(most: 0, isWanted: { _ in true }) == 0 {
            thread.works(10)
            pieces += 1
        }
        #expect(pieces < 10)
        #expect(thread.waits(most: 29_000) { _ in true } == nil)
        // A moment in between is none for others to come back from.
        #expect(thread.waits(most: 500) { $0 % 50 != 0 } == nil)
        let rested = thread.waits(most: 1000) { _ in false }
        #expect(rested.map { $0 > 0 && $0 < 100 } == true)
    }

    @Test func goesOnWithAShareOfItsTimeAfterHalfAMinute() {
        var thread = Thread()
        while thread.waits(most: 0, isWanted: { _ in true }) == 0 { thread.works(20) }
        #expect(thread.waits(most: 31_000) { _ in true }.map { $0 >= 29_900 } == true)
        thread.works(20)
        #expect(thread.waits(most: 1000) { _ in true } == 200)
        thread.works(1)
        #expect(thread.waits(most: 1000) { _ in true } == 10)
        thread.works(500)
        #expect(thread.waits(most: 2000) { _ in true } == 1000)
        // Half a minute begins anew once processors were left.
        for _ in 0..<20 {
            _ = thread.waits(most: 0) { _ in false }
            thread.works(1)
        }
        while thread.waits(most: 0, isWanted: { _ in true }) == 0 { thread.works(1) }
        #expect(thread.waits(most: 29_000) { _ in true } == nil)
    }
}
