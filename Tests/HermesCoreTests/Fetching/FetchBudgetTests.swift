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
        func goOn(after bytes: Int64) -> Set<ObjectIdentifier> {
            Set(budget.change(by: bytes).map(ObjectIdentifier.init))
        }
        let both = Set(schedulers.map(ObjectIdentifier.init))
        #expect(budget.crowding(for: schedulers[0]) == .none)
        #expect(goOn(after: FetchBudget.limit) == [])
        #expect(budget.crowding(for: schedulers[0]) == .full)
        #expect(budget.crowding(for: schedulers[1]) == .full)
        #expect(goOn(after: 1) == [])
        #expect(goOn(after: -1) == [])
        #expect(goOn(after: -1) == both)
        // Told once.
        #expect(goOn(after: -1) == [])
        #expect(budget.crowding(for: schedulers[0]) == .half)
        #expect(goOn(after: -FetchBudget.limit / 2 + 2) == [])
        #expect(goOn(after: -1) == [ObjectIdentifier(schedulers[0])])
        #expect(budget.crowding(for: schedulers[0]) == .none)
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
