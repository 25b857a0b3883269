import HermesTestKit
import Logging
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// What a mount says in its log: every field, and not too many lines.
@Suite struct SpanLogTests {
    private let lines = LogLines()
    private let layers: [Digest] = [.of([1]), .of([2])]
    private let busy = HermesError(.unavailable, "busy")
    private func log(_ level: Logger.Level = .notice) -> SpanLog {
        SpanLog(lines.logger(level), image: "the/image", layers: layers)
    }

    @Test func anOutageIsTwoLogLines() throws {
        let log = log()
        for _ in 0..<50 {
            log.requestEnded(.failure(busy), layer: 1, spans: 7..<9)
            log.retried(SpanID(layer: 1, span: 7), busy, from: [])
            log.lost(SpanID(layer: 1, span: 8), busy, from: [], readers: 0)
        }
        log.requestEnded(.success(()), layer: 0, spans: 0..<1)
        log.requestEnded(.success(()), layer: 0, spans: 0..<1)
        let said = lines.take().filter { $0.message != "span cannot be fetched" }
        #expect(said.map(\.level) == [.warning, .notice])
        let first = try #require(said.first)
        #expect(first.fields == ["image": "the/image", "layer": "\(layers[1])", "span": "7", "cause": "busy"])
        #expect(said.last?.fields["failed_requests"] == "50")
        #expect(log.lastProblem?.span == 8)
    }

    @Test func singleFailuresAreNoOutage() {
        let log = log()
        for _ in 0..<20 {
            log.requestEnded(.failure(busy), layer: 0, spans: 0..<1)
            log.requestEnded(.failure(busy), layer: 0, spans: 0..<1)
            log.requestEnded(.success(()), layer: 0, spans: 0..<1)
        }
        #expect(lines.take().isEmpty)
    }

    @Test func wrongBytesAndFailedReadsAreToldInFull() throws {
        let log = log()
        let error = HermesError(.corrupt, "another digest")
        log.retried(SpanID(layer: 0, span: 3), error, from: ["a.example", "b.example"])
        log.lost(SpanID(layer: 0, span: 3), error, from: [], readers: 2)
        log.cacheIsFull(SpanID(layer: 0, span: 4), HermesError(.cannotCreate, "full"))
        log.readFailed(layer: 1, span: 5, file: { "/a\nb" }, offset: 9, error)
        let said = lines.take()
        #expect(said.map(\.level) == [.warning, .error, .warning, .error])
        for line in said {
            #expect(line.fields["image"] == "the/image")
            #expect(line.fields["layer"] != nil && line.fields["span"] != nil && line.fields["cause"] != nil)
        }
        #expect(said[0].fields["host"] == "a.example, b.example" && said[1].fields["host"] == nil)
        #expect(said[1].fields["readers"] == "2")
        #expect(said[3].fields["file"] == "/a?b" && said[3].fields["offset"] == "9")
    }

    @Test func aFullBudgetIsToldWithItsImage() throws {
        let log = log()
        log.budgetIsFull("the cache is full of layers in use", cause: "the cache may take 5 bytes more")
        let line = try #require(lines.take().first)
        #expect(line.level == .warning && line.message.hasPrefix("the cache is full of layers in use"))
        #expect(line.fields == ["image": "the/image", "cause": "the cache may take 5 bytes more"])
        let problem = try #require(log.lastProblem)
        #expect(problem.message == "the cache is full of layers in use: the cache may take 5 bytes more")
        #expect(problem.layer == nil && problem.span == nil)
    }

    @Test func aFloodIsHeldBack() {
        let log = log()
        let asked = Mutex(0)
        for span in 0..<1000 {
            log.readFailed(
                layer: 0, span: span,
                file: {
                    asked.withLock { $0 += 1 }
                    return "/file"
                }, offset: 0, busy)
        }
        #expect(lines.take().count == LogLimit.burst)
        // What is not written is not searched for either.
        let count = asked.withLock { $0 }
        #expect(count == LogLimit.burst)
    }

    @Test func aLimitEnds() {
        var limit = LogLimit()
        let start = Monotonic.now()
        let passed = (0..<8).map { _ in limit.pass(now: start) }
        #expect(passed == [0, 0, 0, 0, 0, nil, nil, nil])
        let later = [9_999, 10_000, 10_001].map { limit.pass(now: start.adding(milliseconds: $0)) }
        #expect(later == [nil, 4, 0])
    }
}
