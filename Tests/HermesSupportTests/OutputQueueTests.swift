import Testing

@testable import HermesSupport

@Suite struct OutputQueueTests {
    private func take(_ queue: inout OutputQueue) -> String {
        String(decoding: queue.take { "\($0) dropped\n" }, as: UTF8.self)
    }

    @Test func linesComeInTheirOrder() {
        var queue = OutputQueue(limit: 100)
        #expect(!queue.hasPiece)
        queue.add("a\n")
        queue.add("b\n")
        #expect(queue.hasPiece)
        #expect(take(&queue) == "a\nb\n")
        #expect(!queue.hasPiece)
    }

    /// A short line that would still fit behind the gap must not come before the notice of the gap.
    @Test func theNoticeStandsAtTheGap() {
        var queue = OutputQueue(limit: 6)
        queue.add("abcd\n")
        queue.add("ef\ngh\n")
        queue.add("\n")
        #expect(take(&queue) == "abcd\n3 dropped\n")
        queue.add("ij\n")
        #expect(take(&queue) == "ij\n")
        queue.add("longer than all\n")
        #expect(take(&queue) == "1 dropped\n")
    }

    @Test func theStatusStaysBelow() {
        var queue = OutputQueue(limit: 100)
        queue.show("10 %")
        queue.show("20 %")
        #expect(take(&queue) == "20 %")
        queue.show("20 %")
        #expect(!queue.hasPiece)
        queue.add("a\n")
        #expect(take(&queue) == "\r\u{1b}[Ka\n20 %")
        queue.show("")
        #expect(take(&queue) == "\r\u{1b}[K")
        queue.add("b\n")
        #expect(take(&queue) == "b\n")
    }
}
