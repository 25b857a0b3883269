import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct FetchPacingTests {
    private let start = Monotonic(nanoseconds: 1_000_000_000)
    private let temporary = FetchQueue.Failure(isLasting: false)
    private let lasting = FetchQueue.Failure(isLasting: true)

    private func after(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }

    @Test func theWindowHalvesOnceForWhatFailsTogetherAndGrowsByOne() {
        var window = FetchConcurrency(most: 17)
        for number in 0..<17 { window.overloaded(number, begun: 17) }
        #expect(window.size == 8)
        window.overloaded(17, begun: 20)
        window.overloaded(18, begun: 20)
        #expect(window.size == 4)
        for number in 20..<30 { window.overloaded(number, begun: number + 1) }
        #expect(window.size == 1)
        for size in 2...17 {
            window.served()
            #expect(window.size == size)
        }
        window.served()
        #expect(window.size == 17)
    }

    @Test func theBackoffIsLeftToChanceByHalf() {
        for (failures, longest) in [50, 100, 200, 400, 800, 1600, 3200, 3200, 3200].enumerated() {
            for (random, part) in [(0.0, 0.5), (0.5, 0.75), (1, 1), (-3, 0.5), (7, 1)] {
                var backoff = FetchBackoff()
                for _ in 0..<failures {
                    _ = backoff.failed(temporary, deadline: after(1), random: 0, now: start)
                }
                let time = backoff.failed(temporary, deadline: after(1), random: random, now: start)
                #expect(time == after(Int(Double(longest) * part)))
            }
        }
    }

    @Test func failuresThatLastAreCountedApart() {
        var backoff = FetchBackoff()
        #expect(!backoff.hasFailed)
        // A registry that is down says nothing about the bytes.
        for _ in 0..<100 { #expect(backoff.failed(temporary, deadline: after(1), random: 0, now: start) != nil) }
        for _ in 0..<3 { #expect(backoff.failed(lasting, deadline: after(1), random: 0, now: start) != nil) }
        #expect(backoff.failed(temporary, deadline: after(1), random: 0, now: start) != nil)
        #expect(backoff.failed(lasting, deadline: after(1), random: 0, now: start) == nil)
        #expect(backoff.hasFailed)
        var unawaited = FetchBackoff()
        for _ in 0..<7 { #expect(unawaited.failed(temporary, deadline: nil, random: 0, now: start) != nil) }
        #expect(unawaited.failed(temporary, deadline: nil, random: 0, now: start) == nil)
    }

    @Test func whatTheSourceAsksForComesFirstUpToAReadersLastChance() {
        func time(_ asked: Int64, deadline: Int?, random: Double = 0) -> Monotonic? {
            var backoff = FetchBackoff()
            return backoff.failed(
                FetchQueue.Failure(isLasting: false, retryAfter: asked), deadline: deadline.map(after), random: random,
                now: start)
        }
        #expect(time(30_000, deadline: nil) == after(30_000))
        #expect(time(30_000, deadline: 60_000) == after(30_000))
        #expect(time(30_000, deadline: 60_000, random: 1) == after(32_000))
        #expect(time(4000, deadline: nil, random: 1) == after(5000))
        #expect(time(70_000, deadline: 60_000) == after(55_000))
        #expect(time(70_000, deadline: 2000) == after(25), "the last chance is over")
        #expect(time(10, deadline: nil) == after(25))
        #expect(time(0, deadline: nil) == after(25))
        #expect(time(.max, deadline: nil) == after(60_000), "no source is left alone for longer")
    }

    @Test func aReaderWhoComesLaterShortensThePause() throws {
        var queue = FetchQueue()
        _ = queue.add(FetchQueueTests.Geometry([10]))
        let span = SpanID(layer: 0, span: 0)
        queue.want(span, .ahead)
        let next = queue.next(now: start)
        queue.ended(try #require(next), .overloaded)
        let asked = FetchQueue.Failure(isLasting: false, retryAfter: 60_000)
        #expect(queue.failed(span, asked, deadline: nil, random: 0, now: start) == .retry)
        #expect(queue.nextWake == after(60_000))
        queue.want(span, .demand, deadline: after(20_000))
        #expect(queue.nextWake == after(20_000 - FetchBackoff.lastChance))
        let last = queue.next(now: after(20_000 - FetchBackoff.lastChance))
        #expect(last?.urgency == .demand)
    }

    @Test func anOverloadedSourceIsAskedForOneThingAtATime() throws {
        var queue = FetchQueue()
        _ = queue.add(FetchQueueTests.Geometry(Array(repeating: 10, count: 100)))
        for span in stride(from: 0, to: 60, by: 2) { queue.want(SpanID(layer: 0, span: span), .demand) }
        queue.want(SpanID(layer: 0, span: 70), .ahead)
        var now = start
        var sizes: [Int] = []
        while sizes.last != 1 {
            var batches: [FetchQueue.Batch] = []
            while let batch = queue.next(now: now) { batches.append(batch) }
            sizes.append(batches.count)
            for batch in batches {
                queue.ended(batch, .overloaded)
                for span in batch.spans {
                    _ = queue.failed(
                        SpanID(layer: 0, span: span), temporary, deadline: after(60_000), random: 1, now: now)
                }
            }
            now = now.adding(milliseconds: 5000)
            try #require(sizes.count < 10)
        }
        // Twelve demands and one of read-ahead; then a reader alone, for read-ahead comes after readers.
        #expect(sizes == [13, 8, 4, 2, 1])
        let only = queue.next(now: now)
        let one = try #require(only)
        #expect(one.urgency == .demand)
        #expect(queue.next(now: now) == nil)
        queue.ended(one, .served)
        for span in one.spans { queue.finished(SpanID(layer: 0, span: span)) }
        #expect(queue.next(now: now) != nil)
        #expect(queue.next(now: now) != nil)
        #expect(queue.next(now: now) == nil)
    }

    @Test func anOutageHoldsFillAndDoesNotEndIt() throws {
        var queue = FetchQueue()
        let geometry = FetchQueueTests.Geometry(Array(repeating: 8 << 20, count: 40))
        _ = queue.add(geometry)
        queue.fill()
        var now = start
        var failed: Set<Int> = []
        // A minute without a source.
        while now < after(60_000) {
            while let batch = queue.next(now: now) {
                queue.ended(batch, .overloaded)
                for span in batch.spans {
                    failed.insert(span)
                    let verdict = queue.failed(
                        SpanID(layer: 0, span: span), temporary, deadline: nil, random: 0.5, now: now)
                    #expect(verdict == .retry)
                }
            }
            now = now.adding(milliseconds: 100)
        }
        #expect(failed.count < 20, "it does not walk on")
        while let batch = queue.next(now: now) ?? queue.nextWake.flatMap({ queue.next(now: $0) }) {
            queue.ended(batch, .served)
            for span in batch.spans {
                geometry.present.insert(span)
                queue.finished(SpanID(layer: 0, span: span))
            }
            now = max(now, queue.nextWake ?? now)
        }
        #expect(queue.isFilled)
        #expect(geometry.present.count == 40)
    }
}
