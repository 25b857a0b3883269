import Glibc
import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Two images with the same layers: who fetches what both want.
@Suite struct SharedLayerTests {
    private let image: IndexedImage
    private let cache: TestFolder
    private let layers: [LazyLayer]

    init() throws {
        image = try SpanSchedulerTests.shared.get()
        cache = try TestFolder()
        layers = try image.lazyLayers(in: cache.path)
    }

    /// `patience` is how long it leaves a span to another image, in milliseconds: by default longer than any test takes.
    private func scheduler(_ source: any ImageSource, patience: Int = 600_000) -> SpanScheduler {
        SpanScheduler(
            source: source, layers: layers, threads: IndexedImage.threads, log: IndexedImage.silent,
            limits: FetchQueue.Limits(deferral: patience))
    }

    private typealias Answer = Monitor<Result<[UInt8], HermesError>?>

    private static let range: Range<Int64> = 60_000..<60_100

    private func read(_ scheduler: SpanScheduler) -> Answer {
        let answer = Answer(nil)
        scheduler.read(layer: 0, range: Self.range) { result in
            answer.withLock {
                $0.value = result.map { Array($0) }
                $0.broadcast()
            }
        }
        return answer
    }

    private func isRight(_ answer: Answer) throws -> Bool {
        let bytes = try answer.withLock { held in
            while held.value == nil { held.wait() }
            return try held.value?.get()
        }
        return bytes == Array(image.archives[0][Int(Self.range.lowerBound)..<Int(Self.range.upperBound)])
    }

    private func waitUntil(_ holds: () -> Bool) { while !holds() { usleep(1000) } }

    @Test func aSpanThatTwoWaitForIsFetchedOnce() throws {
        let (one, two) = (FaultySource(image.source) { _ in .held }, FaultySource(image.source) { _ in .none })
        let (first, second) = (scheduler(one), scheduler(two))
        defer {
            first.stop()
            second.stop()
        }
        let answers = [read(first), read(second), read(second)]
        waitUntil { one.heldCount > 0 }
        one.release()
        for answer in answers { #expect(try isRight(answer)) }
        first.settle()
        second.settle()
        #expect(fetched([first, second]) == present)
    }

    /// The spans that are in the cache.
    private var present: Int { layers.reduce(0) { $0 + $1.store.presentCount } }

    /// The spans that schedulers fetched.
    private func fetched(_ schedulers: [SpanScheduler]) -> Int {
        schedulers.reduce(0) { $0 + $1.counters.spans.load(ordering: .relaxed) }
    }

    @Test func aFailureOfOneIsNotTheOthers() throws {
        let one = FaultySource(image.source) { _ in .refused(HermesError(.denied, "no")) }
        let (first, second) = (scheduler(one), scheduler(image.source))
        defer {
            first.stop()
            second.stop()
        }
        _ = read(first)
        #expect(try isRight(read(second)))
    }

    @Test func whatOneNeverGetsIsFetchedByTheOther() throws {
        let one = FaultySource(image.source) { _ in .held }
        let (first, second) = (scheduler(one), scheduler(image.source, patience: 50))
        defer { second.stop() }
        let lost = read(first)
        waitUntil { one.heldCount > 0 }
        // After the time that it leaves the span to the first.
        #expect(try isRight(read(second)))
        first.stop()
        #expect(throws: HermesError.self) { try isRight(lost) }
    }

    @Test func anImageThatEndsLetsGo() throws {
        let one = FaultySource(image.source) { _ in .held }
        let (first, second) = (scheduler(one), scheduler(image.source))
        defer { second.stop() }
        _ = read(first)
        waitUntil { one.heldCount > 0 }
        let answer = read(second)
        first.stop()
        #expect(try isRight(answer))
    }

    @Test func twoFillsFetchEachSpanOnce() throws {
        let (first, second) = (scheduler(image.source), scheduler(image.source))
        defer {
            first.stop()
            second.stop()
        }
        let done = Monitor(0)
        for scheduler in [first, second] {
            scheduler.fill {
                done.withLock {
                    $0.value += 1
                    $0.broadcast()
                }
            }
        }
        done.withLock { held in while held.value < 2 { held.wait() } }
        let spans = layers.reduce(0) { $0 + $1.count }
        #expect(present == spans)
        #expect(fetched([first, second]) == spans)
    }
}
