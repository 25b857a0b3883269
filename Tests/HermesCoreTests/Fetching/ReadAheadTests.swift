import Testing

@testable import HermesCore

@Suite struct ReadAheadTests {
    @Test func aStreamsWindowDoublesUpToTheLimit() {
        var ahead = ReadAhead(limit: 8)
        let windows = (0..<7).map { ahead.touched($0, count: 1000) }
        #expect(windows == [0..<0, 2..<4, 3..<7, 4..<12, 5..<13, 6..<14, 7..<15])
    }

    @Test func whoJumpsGetsNothing() {
        var ahead = ReadAhead(limit: 8)
        for span in [500, 3, 77, 12, 900, 41, 8, 600, 20] {
            #expect(ahead.touched(span, count: 1000).isEmpty)
        }
    }

    @Test func theEndOfTheLayerCuts() {
        var ahead = ReadAhead(limit: 100)
        #expect(ahead.touched(7, count: 10).isEmpty)
        #expect(ahead.touched(8, count: 10) == 9..<10)
        #expect(ahead.touched(9, count: 10).isEmpty)
        #expect(ahead.touched(9, count: 10).isEmpty)
    }

    @Test func streamsDoNotDisturbEachOther() {
        var ahead = ReadAhead(limit: 4)
        for step in 0..<5 {
            for stream in 0..<8 {
                let window = ahead.touched(stream * 100 + step, count: 1000)
                #expect(window.count == [0, 2, 4, 4, 4][step])
            }
        }
        // A ninth takes the place of the one that was touched longest ago.
        _ = ahead.touched(900, count: 1000)
        #expect(ahead.touched(5, count: 1000).isEmpty)
        #expect(!ahead.touched(901, count: 1000).isEmpty)
    }

    @Test func touchingTheSameSpanAgainChangesNothing() {
        var ahead = ReadAhead(limit: 16)
        _ = ahead.touched(0, count: 100)
        _ = ahead.touched(1, count: 100)
        for _ in 0..<10 { #expect(ahead.touched(1, count: 100).isEmpty) }
        #expect(ahead.touched(2, count: 100) == 3..<7)
    }
}
