import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct StartupTraceTests {
    private let begin = Monotonic.now()

    private func key(_ span: Int) -> SpanID { SpanID(layer: span % 3, span: span) }

    @Test func theOrderIsThatOfTheFirstTouches() {
        var trace = StartupTrace()
        for span in [7, 3, 7, 1, 3, 9] { trace.touched(key(span), now: begin) }
        #expect(trace.spans == [7, 3, 1, 9].map(key))
    }

    @Test func whatComesLaterIsNoStart() {
        var trace = StartupTrace()
        #expect(!trace.isOver(now: begin.adding(milliseconds: 1_000_000)))
        trace.touched(key(1), now: begin)
        trace.touched(key(2), now: begin.adding(milliseconds: 59_000))
        #expect(!trace.isOver(now: begin.adding(milliseconds: 59_000)))
        trace.touched(key(3), now: begin.adding(milliseconds: 61_000))
        #expect(trace.spans == [1, 2].map(key))
        #expect(trace.isOver(now: begin.adding(milliseconds: 61_000)))
    }

    @Test func aStartIsBounded() {
        var trace = StartupTrace()
        for span in 0..<5000 { trace.touched(key(span), now: begin) }
        #expect(trace.spans.count == StartupTrace.limit)
        #expect(trace.isOver(now: begin))
    }
}
