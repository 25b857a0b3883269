import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

extension FetchQueue {
    /// A failure without anything special, and no part of the pause left to chance.
    fileprivate mutating func failed(_ key: SpanID, isAwaited: Bool, isLasting: Bool, now: Monotonic) -> Verdict {
        failed(
            key, Failure(isLasting: isLasting), deadline: isAwaited ? now.adding(milliseconds: 60_000) : nil, random: 1,
            now: now)
    }
}

@Suite struct FetchQueueTests {

    /// Spans of chosen sizes, each of which may be present.
    final class Geometry: SpanGeometry {
        private let starts: [Int64]
        var present: Set<Int> = []

        init(_ sizes: [Int64]) { starts = sizes.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }

        var count: Int { starts.count - 1 }
        func compressedRange(_ span: Int) -> Range<Int64> { starts[span]..<starts[span + 1] }
        func isPresent(_ span: Int) -> Bool { present.contains(span) }
    }

    private let start = Monotonic(nanoseconds: 1_000_000_000)

    private func queue(_ sizes: [Int64], _ limits: FetchQueue.Limits = FetchQueue.Limits()) -> FetchQueue {
        var queue = FetchQueue(limits: limits)
        _ = queue.add(Geometry(sizes))
        return queue
    }

    private func next(_ queue: inout FetchQueue, _ now: Monotonic) throws -> FetchQueue.Batch {
        let batch = queue.next(now: now)
        return try #require(batch)
    }

    private func finish(_ queue: inout FetchQueue, _ batch: FetchQueue.Batch) {
        queue.ended(batch, .other)
        for span in batch.spans { queue.finished(SpanID(layer: batch.layer, span: span)) }
    }

    @Test func whatIsOnItsWayCanBecomeUrgent() throws {
        var queue = queue([10, 10, 10])
        let spans = (0..<3).map { SpanID(layer: 0, span: $0) }
        let asked = queue.want(spans[2], .ahead)
        #expect(!asked, "it is not on its way")
        queue.fill()
        finish(&queue, try next(&queue, start))
        let fill = try next(&queue, start)
        #expect(fill.spans == 0..<3)
        #expect(queue.urgency(of: spans[1]) == .fill)
        let raised = queue.want(spans[1], .demand)
        #expect(raised)
        #expect(queue.urgency(of: spans[1]) == .demand)
        #expect(queue.urgency(of: spans[0]) == .fill)
        let again = queue.want(spans[1], .demand)
        #expect(!again, "it is as urgent already")
        finish(&queue, fill)
        #expect(queue.urgency(of: spans[1]) == nil)
    }

    @Test func oneFlightHoweverManyWant() throws {
        var queue = queue([10, 10, 10])
        for _ in 0..<5 { queue.want(SpanID(layer: 0, span: 1), .demand) }
        let batch = try next(&queue, start)
        #expect(
            batch
                == FetchQueue.Batch(
                    layer: 0, spans: 1..<2, urgency: .demand, size: 10, isRetry: false, number: 0))
        queue.want(SpanID(layer: 0, span: 1), .demand)
        #expect(queue.next(now: start) == nil)
        #expect(queue.isWanted(SpanID(layer: 0, span: 1)))
        finish(&queue, batch)
        #expect(!queue.isWanted(SpanID(layer: 0, span: 1)))
        #expect(queue.outstanding == 0)
        #expect(queue.next(now: start) == nil)
    }

    @Test func aCrowdedProcessServesOneReaderOfEachImage() throws {
        var queue = queue([10, 10, 10, 10, 10, 10])
        queue.fill()
        queue.want(SpanID(layer: 0, span: 4), .ahead)
        #expect(queue.next(now: start, crowding: .full) == nil)
        queue.want(SpanID(layer: 0, span: 0), .demand)
        queue.want(SpanID(layer: 0, span: 2), .demand)
        let one = queue.next(now: start, crowding: .full)
        let first = try #require(one)
        #expect(first.spans == 0..<1)
        #expect(queue.next(now: start, crowding: .full) == nil)
        finish(&queue, first)
        let another = queue.next(now: start, crowding: .full)
        #expect(another?.spans == 2..<3)
        // Room again: read-ahead goes on beside the reader.
        #expect(try next(&queue, start).spans == 4..<5)
    }

    @Test func aHalfCrowdedProcessKeepsItsRoomForReaders() throws {
        var limits = FetchQueue.Limits()
        limits.fillBatch = 30
        limits.smallFillBatch = 20
        var queue = queue(Array(repeating: 10, count: 12), limits)
        queue.fill()
        let small = queue.next(now: start, crowding: .half)
        let fill = try #require(small)
        #expect(fill.spans == 0..<2)
        // The request has ended, and its spans wait to be inflated.
        queue.ended(fill, .other)
        #expect(queue.next(now: start, crowding: .half) == nil)
        // Readers and read-ahead do as always.
        queue.want(SpanID(layer: 0, span: 6), .demand)
        queue.want(SpanID(layer: 0, span: 8), .demand)
        queue.want(SpanID(layer: 0, span: 10), .ahead)
        let asked = [6..<7, 8..<9, 10..<11]
        for spans in asked {
            let next = queue.next(now: start, crowding: .half)
            let batch = try #require(next)
            #expect(batch.spans == spans)
            finish(&queue, batch)
        }
        #expect(queue.next(now: start, crowding: .half) == nil)
        for span in fill.spans { queue.finished(SpanID(layer: 0, span: span)) }
        #expect(queue.next(now: start, crowding: .half)?.spans == 2..<4)
        #expect(queue.next(now: start)?.spans == 4..<7)
    }

    @Test func urgencyDecidesTheOrder() throws {
        var queue = queue(Array(repeating: 10, count: 20))
        queue.fill()
        queue.want(SpanID(layer: 0, span: 8), .ahead)
        queue.want(SpanID(layer: 0, span: 15), .demand)
        queue.want(SpanID(layer: 0, span: 3), .demand)
        let first = try next(&queue, start)
        let second = try next(&queue, start)
        let third = try next(&queue, start)
        #expect([first, second, third].map(\.spans) == [15..<16, 3..<4, 8..<9])
        #expect([first, second, third].map(\.urgency) == [.demand, .demand, .ahead])
        // Fill gives way as long as a reader waits.
        #expect(queue.next(now: start) == nil)
        finish(&queue, first)
        finish(&queue, second)
        #expect(queue.next(now: start)?.urgency == .fill)
    }

    @Test func aDemandPromotesWhatIsQueued() throws {
        var queue = queue([10, 10, 10, 10])
        queue.want(SpanID(layer: 0, span: 0), .ahead)
        queue.want(SpanID(layer: 0, span: 2), .ahead)
        queue.want(SpanID(layer: 0, span: 2), .demand)
        #expect(queue.next(now: start)?.spans == 2..<3)
        #expect(queue.next(now: start)?.spans == 0..<1)
        #expect(queue.next(now: start) == nil)
    }

    @Test func aDemandPromotesWhatFailsUnderWay() throws {
        var queue = queue([10, 10])
        queue.fill()
        let batch = try next(&queue, start)
        #expect(batch.spans == 0..<2)
        queue.want(SpanID(layer: 0, span: 1), .demand)
        #expect(queue.next(now: start) == nil)
        queue.ended(batch, .other)
        queue.finished(SpanID(layer: 0, span: 0))
        let verdict = queue.failed(SpanID(layer: 0, span: 1), isAwaited: true, isLasting: false, now: start)
        #expect(verdict == .retry)
        #expect(queue.next(now: start) == nil)
        let again = try next(&queue, start.adding(milliseconds: 50))
        #expect(again.urgency == .demand)
        #expect(again.spans == 1..<2)
    }

    @Test func neighboursAreOneRequestUpToALimit() {
        var limits = FetchQueue.Limits()
        limits.demandBatch = 35
        limits.fillBatch = 25
        var queue = queue([10, 10, 10, 10, 10, 100, 10, 10], limits)
        for span in [0, 1, 2, 3, 5, 6, 7] { queue.want(SpanID(layer: 0, span: span), .demand) }
        var batches: [Range<Int>] = []
        while let batch = queue.next(now: start) { batches.append(batch.spans) }
        // A span larger than the limit goes alone.
        #expect(batches == [0..<3, 3..<4, 5..<6, 6..<8])
    }

    @Test func limitsOfRequestsAndBytes() throws {
        var limits = FetchQueue.Limits()
        limits.demandRequests = 2
        limits.aheadRequests = 1
        limits.outstanding = 30
        var queue = queue(Array(repeating: 20, count: 40), limits)
        for span in stride(from: 0, to: 20, by: 2) { queue.want(SpanID(layer: 0, span: span), .demand) }
        for span in stride(from: 20, to: 40, by: 2) { queue.want(SpanID(layer: 0, span: span), .ahead) }
        let first = try next(&queue, start)
        let second = try next(&queue, start)
        // Two demands are the limit, and their 40 bytes are beyond what read-ahead may add to.
        #expect(queue.next(now: start) == nil)
        #expect(queue.outstanding == 40)
        queue.ended(first, .other)
        #expect(queue.next(now: start)?.urgency == .demand, "the request has ended, its bytes are not inflated yet")
        #expect(queue.outstanding == 60)
        queue.finished(SpanID(layer: 0, span: first.spans.lowerBound))
        finish(&queue, second)
        #expect(queue.outstanding == 20)
        #expect(queue.next(now: start)?.urgency == .demand)
    }

    @Test func backoffGrowsAndEnds() throws {
        var queue = queue([10])
        let key = SpanID(layer: 0, span: 0)
        queue.want(key, .ahead)
        var now = start
        var pauses: [Int] = []
        while true {
            let batch = try next(&queue, now)
            queue.ended(batch, .other)
            guard queue.failed(key, isAwaited: false, isLasting: false, now: now) == .retry else { break }
            let wake = try #require(queue.nextWake)
            #expect(queue.next(now: Monotonic(nanoseconds: wake.nanoseconds - 1)) == nil)
            pauses.append(Int(wake.milliseconds(since: now)))
            now = wake
        }
        #expect(pauses == [50, 100, 200, 400, 800, 1600, 3200])
        #expect(!queue.isWanted(key))
        #expect(queue.nextWake == nil)
        #expect(queue.outstanding == 0)
    }

    @Test func whatLastsIsGivenUpSoonAndWhatIsAwaitedIsNot() throws {
        func tries(isAwaited: Bool, isLasting: Bool, atMost: Int) throws -> Int {
            var queue = queue([10])
            queue.want(SpanID(layer: 0, span: 0), .demand)
            var now = start
            for count in 1...atMost {
                let batch = try next(&queue, now)
                queue.ended(batch, .other)
                let key = SpanID(layer: 0, span: 0)
                if queue.failed(key, isAwaited: isAwaited, isLasting: isLasting, now: now) == .giveUp { return count }
                now = try #require(queue.nextWake)
            }
            return atMost + 1
        }
        #expect(try tries(isAwaited: true, isLasting: true, atMost: 20) == 4)
        #expect(try tries(isAwaited: false, isLasting: false, atMost: 20) == 8)
        #expect(try tries(isAwaited: true, isLasting: false, atMost: 100) == 101)
    }

    @Test func fillWalksEverythingOnce() {
        var queue = FetchQueue()
        let first = Geometry(Array(repeating: 6 << 20, count: 9))
        first.present = [0, 1, 4, 8]
        let second = Geometry([1])
        let third = Geometry([5, 5])
        third.present = [0, 1]
        for geometry in [first, second, third] { _ = queue.add(geometry) }
        #expect(queue.isFilled)
        queue.fill()
        #expect(!queue.isFilled)
        var seen: [SpanID] = []
        while let batch = queue.next(now: start) {
            seen += batch.spans.map { SpanID(layer: batch.layer, span: $0) }
            #expect(!queue.isFilled)
            finish(&queue, batch)
        }
        #expect(seen == [2, 3, 5, 6, 7].map { SpanID(layer: 0, span: $0) } + [SpanID(layer: 1, span: 0)])
        #expect(queue.isFilled)
    }

    @Test func fillGivesWayToAProgramThatReads() throws {
        var limits = FetchQueue.Limits()
        limits.fillBatch = 30
        limits.smallFillBatch = 20
        var queue = queue(Array(repeating: 10, count: 9), limits)
        #expect(queue.next(now: start, lastRead: start) == nil)
        #expect(queue.fillWake == nil, "there is no fill")
        queue.fill()
        #expect(queue.next(now: start, lastRead: start) == nil)
        #expect(queue.fillWake == start.adding(milliseconds: 50))
        // The reader comes back: its request begins at once, and its end is no rest.
        let later = start.adding(milliseconds: 40)
        queue.want(SpanID(layer: 0, span: 8), .demand)
        let next = queue.next(now: later, lastRead: later)
        let demand = try #require(next)
        #expect(demand.urgency == .demand)
        #expect(queue.next(now: later, lastRead: later) == nil)
        #expect(queue.fillWake == nil, "the end of the request is waited for")
        finish(&queue, demand)
        #expect(queue.next(now: later, lastRead: later) == nil)
        #expect(queue.fillWake == start.adding(milliseconds: 90))
        // It goes on for a second.
        let second = start.adding(milliseconds: 1000)
        #expect(queue.next(now: second, lastRead: second)?.spans == 0..<2)
        #expect(queue.next(now: second, lastRead: second) == nil)
        // And rests.
        #expect(queue.next(now: second.adding(milliseconds: 50), lastRead: second)?.spans == 2..<5)
    }

    @Test func fillRetriesWhatFailed() throws {
        var queue = queue([10, 10])
        queue.fill()
        let batch = try next(&queue, start)
        queue.ended(batch, .other)
        queue.finished(SpanID(layer: 0, span: 0))
        #expect(queue.failed(SpanID(layer: 0, span: 1), isAwaited: false, isLasting: false, now: start) == .retry)
        #expect(queue.next(now: start) == nil)
        #expect(!queue.isFilled)
        let again = try next(&queue, start.adding(milliseconds: 60))
        #expect(again.spans == 1..<2)
        #expect(again.urgency == .fill)
        finish(&queue, again)
        #expect(queue.next(now: start.adding(milliseconds: 60)) == nil)
        #expect(queue.isFilled)
    }

    @Test func whatCannotBeKeptIsNotFetchedAheadOfReaders() throws {
        var queue = queue([10, 10, 10, 10])
        queue.fill()
        queue.hold(true)
        queue.want(SpanID(layer: 0, span: 3), .ahead)
        #expect(queue.next(now: start) == nil)
        queue.want(SpanID(layer: 0, span: 1), .demand)
        let demand = try next(&queue, start)
        #expect(demand.spans == 1..<2)
        finish(&queue, demand)
        #expect(queue.next(now: start) == nil)
        #expect(!queue.isFilled)
        queue.hold(false)
        let ahead = try next(&queue, start)
        #expect(ahead.urgency == .ahead)
    }

    @Test func fillComesBackToWhatWasNotKept() throws {
        var queue = queue([10, 10, 10])
        queue.notKept(SpanID(layer: 0, span: 1))
        #expect(queue.isFilled, "nothing was to be filled")
        queue.fill()
        let all = try next(&queue, start)
        finish(&queue, all)
        queue.notKept(SpanID(layer: 0, span: 2))
        queue.notKept(SpanID(layer: 0, span: 1))
        #expect(!queue.isFilled)
        let rest = try next(&queue, start)
        #expect(rest.spans == 1..<3)
        finish(&queue, rest)
        #expect(queue.next(now: start) == nil)
        #expect(queue.isFilled)
    }

    /// Any order of events keeps the queue's promises.
    @Test(arguments: 1...40) func anyOrderOfEvents(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var limits = FetchQueue.Limits()
        limits.demandRequests = Int.random(in: 1...4, using: &random)
        limits.aheadRequests = Int.random(in: 1...3, using: &random)
        limits.fillRequests = Int.random(in: 1...2, using: &random)
        limits.demandBatch = Int64.random(in: 1...200, using: &random)
        limits.outstanding = Int64.random(in: 1...400, using: &random)
        var queue = FetchQueue(limits: limits)
        let geometries = (0..<3).map { _ in
            Geometry((0..<Int.random(in: 1...40, using: &random)).map { _ in Int64.random(in: 1...60, using: &random) })
        }
        for geometry in geometries { _ = queue.add(geometry) }
        var now = start
        var wanted: Set<SpanID> = []
        var requests: [FetchQueue.Batch] = []
        var fetching: Set<SpanID> = []
        var inflating: [SpanID] = []

        func began(_ batch: FetchQueue.Batch) {
            for span in batch.spans {
                let key = SpanID(layer: batch.layer, span: span)
                #expect(fetching.insert(key).inserted, "\(key) is fetched twice at once")
                #expect(!geometries[key.layer].present.contains(span), "\(key) was there")
            }
            requests.append(batch)
            let counts = Dictionary(grouping: requests, by: \.urgency).mapValues(\.count)
            #expect(counts[.demand, default: 0] <= limits.demandRequests)
            #expect(counts[.ahead, default: 0] <= limits.aheadRequests)
            #expect(counts[.fill, default: 0] <= limits.fillRequests)
        }
        func settle(_ key: SpanID, failing: Bool, isAwaited: Bool) {
            fetching.remove(key)
            if failing {
                let isLasting = Bool.random(using: &random)
                let verdict = queue.failed(key, isAwaited: isAwaited, isLasting: isLasting, now: now)
                if verdict == .giveUp { wanted.remove(key) }
            } else {
                geometries[key.layer].present.insert(key.span)
                queue.finished(key)
                wanted.remove(key)
            }
        }
        func step(failures: Int) {
            if let index = requests.indices.randomElement(using: &random), Bool.random(using: &random) {
                let batch = requests.remove(at: index)
                let cut = Int.random(in: batch.spans.lowerBound...batch.spans.upperBound, using: &random)
                queue.ended(batch, .other)
                for span in batch.spans {
                    let key = SpanID(layer: batch.layer, span: span)
                    let isMissing = failures > 0 && span >= cut
                    if isMissing { settle(key, failing: true, isAwaited: true) } else { inflating.append(key) }
                }
            }
            if let index = inflating.indices.randomElement(using: &random) {
                let failing = Int.random(in: 0..<10, using: &random) < failures
                settle(inflating.remove(at: index), failing: failing, isAwaited: Bool.random(using: &random))
            }
            let lastRead = Bool.random(using: &random) ? now : nil
            while let batch = queue.next(now: now, lastRead: lastRead) { began(batch) }
            now = now.adding(milliseconds: Int.random(in: 0...300, using: &random))
        }

        for turn in 0..<400 {
            if turn == 200 { queue.fill() }
            let layer = Int.random(in: 0..<3, using: &random)
            let key = SpanID(layer: layer, span: Int.random(in: 0..<geometries[layer].count, using: &random))
            if !geometries[layer].present.contains(key.span) {
                if Bool.random(using: &random) {
                    queue.want(key, .demand)
                    wanted.insert(key)
                } else if !queue.isWanted(key) {
                    queue.want(key, .ahead)
                    wanted.insert(key)
                }
            }
            step(failures: 3)
        }
        var turns = 0
        while !queue.isFilled, turns < 20_000 {
            step(failures: turns < 100 ? 3 : 0)
            turns += 1
        }
        #expect(queue.isFilled)
        #expect(wanted.isEmpty)
        #expect(fetching.isEmpty)
        #expect(queue.outstanding == 0)
    }

    /// The spans of the next batch of layer 0, while another image has those that `claim` refuses.
    private func spans(
        _ queue: inout FetchQueue, _ now: Monotonic, claim: FetchQueue.Claim
    ) -> Range<Int>? {
        queue.next(now: now, claim: claim)?.spans
    }

    /// Tells the queue that another image does not fetch a span any more.
    private func settle(_ queue: inout FetchQueue, _ span: Int, isPresent: Bool) -> Bool {
        queue.settled(SpanID(layer: 0, span: span), isPresent: isPresent)
    }

    @Test func whatAnotherImageFetchesIsLeftToIt() {
        var queue = queue([10, 10, 10, 10])
        for span in 0..<4 { queue.want(SpanID(layer: 0, span: span), .demand) }
        // Span 2 is another's: neither in a batch nor asked for alone.
        let batches = (0..<3).map { _ in spans(&queue, start) { key, _ in key.span != 2 } }
        #expect(batches == [0..<2, 3..<4, nil])
        #expect(queue.isWanted(SpanID(layer: 0, span: 2)))
        let own = settle(&queue, 1, isPresent: true)
        #expect(!own, "it fetches that one itself")
        let others = settle(&queue, 2, isPresent: true)
        #expect(others)
        #expect(!queue.isWanted(SpanID(layer: 0, span: 2)))
    }

    @Test func whatAnotherImageDidNotGetIsFetched() {
        var queue = queue([10, 10])
        queue.want(SpanID(layer: 0, span: 1), .demand)
        let before = spans(&queue, start) { _, _ in false }
        #expect(before == nil)
        let isHere = settle(&queue, 1, isPresent: false)
        #expect(!isHere)
        // It waits for others once only.
        let after = spans(&queue, start) { _, _ in false }
        #expect(after == 1..<2)
    }

    @Test func anotherImageIsWaitedForATimeOnly() throws {
        var queue = queue([10])
        queue.want(SpanID(layer: 0, span: 0), .demand)
        let first = spans(&queue, start) { _, _ in false }
        #expect(first == nil)
        let wake = try #require(queue.nextWake)
        #expect(wake == start.adding(milliseconds: queue.limits.deferral))
        let early = spans(&queue, start.adding(milliseconds: queue.limits.deferral - 1)) { _, _ in true }
        #expect(early == nil)
        let due = spans(&queue, wake) { _, _ in false }
        #expect(due == 0..<1)
        let isOver = settle(&queue, 0, isPresent: true)
        #expect(!isOver, "it is fetched here now")
    }

    @Test func aReaderDoesNotWaitForAnothersFill() {
        var queue = queue([10, 10, 10])
        queue.fill()
        // Fill leaves the span to the other image that fills the layer, and goes on behind it.
        let fill = spans(&queue, start) { key, _ in key.span > 0 }
        #expect(fill == 1..<3)
        queue.want(SpanID(layer: 0, span: 0), .demand)
        let demand = spans(&queue, start) { _, urgency in urgency == .demand }
        #expect(demand == 0..<1)
    }

    @Test func fillIsNotDoneWhileAnotherImageFetches() {
        var queue = queue([10, 10])
        queue.fill()
        let batch = spans(&queue, start) { _, _ in false }
        #expect(batch == nil)
        #expect(!queue.isFilled)
        for span in 0..<2 {
            let isHere = settle(&queue, span, isPresent: true)
            #expect(isHere)
        }
        _ = spans(&queue, start) { _, _ in false }
        #expect(queue.isFilled)
    }
}
