import HermesTestKit
import Testing

@testable import HermesCore

/// The bytes that a process's images have under way together.
@Suite struct FetchBudgetTests {
    @Test func whoeverHeldSomethingBackGoesOnWhenThereIsRoom() throws {
        let image = try SpanSchedulerTests.shared.get()
        let schedulers = (0..<2).map { _ in
            SpanScheduler(source: image.source, layers: [], threads: IndexedImage.threads, log: IndexedImage.silent)
        }
        for scheduler in schedulers { scheduler.stop() }
        let budget = FetchBudget()
        #expect(!budget.isCrowded(for: schedulers[0]))
        #expect(budget.change(by: FetchBudget.limit).isEmpty)
        #expect(budget.isCrowded(for: schedulers[0]))
        #expect(budget.isCrowded(for: schedulers[1]))
        #expect(budget.change(by: 1).isEmpty)
        #expect(budget.change(by: -1).isEmpty)
        #expect(Set(budget.change(by: -1).map(ObjectIdentifier.init)) == Set(schedulers.map(ObjectIdentifier.init)))
        // Told once.
        #expect(budget.change(by: -1).isEmpty)
        #expect(!budget.isCrowded(for: schedulers[0]))
    }

    @Test func nothingStaysUnderWayAfterAnImage() throws {
        let image = try SpanSchedulerTests.shared.get()
        let cache = try TestFolder()
        let threads = try FetchThreads(inflating: 2)
        defer { threads.stop() }
        let source = FaultySource(image.source) { _ in .held }
        let scheduler = SpanScheduler(
            source: source, layers: try image.lazyLayers(in: cache.path), threads: threads, log: IndexedImage.silent)
        scheduler.read(layer: 0, range: 0..<100_000) { _ in }
        #expect(threads.budget.used > 0)
        scheduler.stop()
        #expect(threads.budget.used == 0)
    }
}
