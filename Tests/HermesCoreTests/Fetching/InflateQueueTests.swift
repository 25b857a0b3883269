import HermesTestKit
import Testing

@testable import HermesCore

/// The order in which waiting spans are inflated.
@Suite struct InflateQueueTests {
    private let schedulers: [SpanScheduler]

    init() throws {
        let image = try SpanSchedulerTests.shared.get()
        schedulers = (0..<3).map { _ in
            SpanScheduler(source: image.source, layers: [], threads: IndexedImage.threads, log: IndexedImage.silent)
        }
        for scheduler in schedulers { scheduler.stop() }
    }

    private func job(_ owner: Int, _ span: Int, _ urgency: FetchQueue.Urgency) -> InflateJob {
        InflateJob(scheduler: schedulers[owner], layer: 0, span: span, bytes: SpanBytes(count: 0), urgency: urgency)
    }

    private func take(_ queue: inout InflateQueue) -> [String] {
        var taken: [String] = []
        while let job = queue.next() {
            let owner = schedulers.firstIndex { $0 === job.scheduler } ?? -1
            taken.append("\(owner).\(job.span)")
        }
        return taken
    }

    @Test func imagesTakeTurns() {
        var queue = InflateQueue()
        for span in 0..<4 { queue.append(job(0, span, .fill)) }
        queue.append(job(1, 0, .fill))
        queue.append(job(2, 0, .fill))
        queue.append(job(2, 1, .fill))
        #expect(take(&queue) == ["0.0", "1.0", "2.0", "0.1", "2.1", "0.2", "0.3"])
    }

    @Test func aReaderThatWaitsComesFirst() {
        var queue = InflateQueue()
        queue.append(job(0, 0, .fill))
        queue.append(job(1, 0, .demand))
        queue.append(job(0, 1, .demand))
        queue.append(job(2, 0, .ahead))
        #expect(take(&queue) == ["1.0", "0.1", "2.0", "0.0"])
    }

    @Test func fillIsForThoseThatTakeIt() {
        var queue = InflateQueue()
        queue.append(job(0, 0, .fill))
        queue.append(job(0, 1, .ahead))
        #expect(queue.next(fill: false)?.span == 1)
        #expect(queue.next(fill: false) == nil)
        #expect(queue.hasFill)
        #expect(queue.next()?.span == 0)
        #expect(!queue.hasFill)
    }

    @Test func whatAReaderComesToWaitForIsInflatedFirst() {
        var queue = InflateQueue()
        for span in 0..<3 { queue.append(job(0, span, .fill)) }
        queue.append(job(1, 2, .fill))
        queue.append(job(1, 3, .ahead))
        queue.append(job(2, 0, .demand))
        queue.hurry(SpanID(layer: 0, span: 2), of: schedulers[0])
        queue.hurry(SpanID(layer: 0, span: 3), of: schedulers[1])
        // These are not there.
        queue.hurry(SpanID(layer: 0, span: 9), of: schedulers[0])
        queue.hurry(SpanID(layer: 1, span: 0), of: schedulers[0])
        queue.hurry(SpanID(layer: 0, span: 0), of: schedulers[2])
        // So it is for the thread that takes no fill.
        let first = queue.next(fill: false)
        #expect(first?.span == 0)
        let second = queue.next(fill: false)
        #expect(second?.span == 2)
        #expect(second?.urgency == .demand)
        #expect(take(&queue) == ["1.3", "0.0", "1.2", "0.1"])
    }

    @Test func aRemovedSchedulerHasNoJobs() {
        var queue = InflateQueue()
        for owner in 0..<3 {
            queue.append(job(owner, 0, .demand))
            queue.append(job(owner, 1, .fill))
        }
        queue.removeAll(of: schedulers[1])
        #expect(take(&queue) == ["0.0", "2.0", "0.1", "2.1"])
    }
}
