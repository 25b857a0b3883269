import Glibc
import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesHTTP
@testable import HermesSupport

/// What the scheduler asks of its source for whom, and what becomes of reads when the source is slow, down or lying.
@Suite struct SpanUrgencyTests {
    private let image: IndexedImage
    private let cache: TestFolder

    init() throws {
        image = try SpanSchedulerTests.shared.get()
        cache = try TestFolder()
    }

    private func scheduler(
        _ source: any ImageSource, layers: Range<Int>? = nil, readDeadline: Int = SpanScheduler.readDeadline
    ) throws -> SpanScheduler {
        let all = try image.lazyLayers(in: cache.path)
        return SpanScheduler(
            source: source, layers: Array(all[layers ?? all.indices]), threads: IndexedImage.threads,
            log: IndexedImage.silent,
            readDeadline: readDeadline)
    }

    /// Starts a read, and returns what waits for it.
    private func begin(
        _ scheduler: SpanScheduler, _ layer: Int, _ range: Range<Int64>
    ) -> () throws -> [UInt8] {
        let answer = Monitor<Result<[UInt8], HermesError>?>(nil)
        scheduler.read(layer: layer, range: range) { result in
            answer.withLock {
                $0.value = result.map { Array($0) }
                $0.broadcast()
            }
        }
        return {
            try answer.withLock { held in
                while true {
                    if let result = held.value { return try result.get() }
                    held.wait()
                }
            }
        }
    }

    @Test func theSourceKnowsWhoWaits() throws {
        let source = FaultySource(image.source) { _ in .held }
        let scheduler = try scheduler(source)
        defer { scheduler.stop() }
        let before = Monotonic.now()
        scheduler.fill {}
        #expect(!source.terms.isEmpty)
        #expect(source.terms.allSatisfy { $0.deadline == nil && !$0.isRetry })
        // A reader of what is on its way already makes it urgent.
        let first = begin(scheduler, 0, 0..<10)
        let deadline = try #require(source.terms[0].deadline)
        #expect(deadline >= before.adding(milliseconds: SpanScheduler.readDeadline))
        #expect(deadline <= Monotonic.now().adding(milliseconds: SpanScheduler.readDeadline))
        // What nobody has asked for is asked for at once, on a reader's terms.
        let count = source.requestCount
        let last = Int64(image.archives[3].count)
        let second = begin(scheduler, 3, last - 10..<last)
        #expect(source.requestCount > count)
        #expect(source.terms[count].deadline != nil)
        let releaser = Atomic<Bool>(false)
        let thread = try SystemThread("test-release") {
            while !releaser.load(ordering: .relaxed) {
                source.release()
                usleep(1000)
            }
        }
        #expect(try first() == Array(image.archives[0][0..<10]))
        #expect(try second() == Array(image.archives[3].suffix(10)))
        releaser.store(true, ordering: .relaxed)
        thread.join()
    }

    /// A reader comes to wait for the last span that fill has brought, while no thread has begun with any. Whichever thread is the first
    /// to have time inflates that span, the one that takes no fill as well.
    @Test func whatFillBroughtIsInflatedFirstForAReader() throws {
        let threads = try FetchThreads(inflating: 1)
        defer { threads.stop() }
        let layer = try image.lazyLayers(in: cache.path)[0]
        let scheduler = SpanScheduler(
            source: image.source, layers: [layer], threads: threads, log: IndexedImage.silent)
        defer { scheduler.stop() }
        // Both threads wait for leave to go on.
        let leave = Monitor((waiting: 0, given: 0))
        func give(_ count: Int) {
            leave.withLock {
                $0.value.given += count
                $0.broadcast()
            }
        }
        defer { give(2) }
        for _ in 0..<2 {
            threads.inflateSoon {
                leave.withLock { held in
                    held.value.waiting += 1
                    held.broadcast()
                    while held.value.given == 0 { held.wait() }
                    held.value.given -= 1
                }
            }
        }
        leave.withLock { while $0.value.waiting < 2 { $0.wait() } }
        scheduler.fill {}
        // The request has ended: all its spans wait for a thread.
        while !scheduler.state.withLock(\.running.isEmpty) { usleep(1000) }
        let size = Int64(image.archives[0].count)
        let spans = Monitor<Int?>(nil)
        scheduler.read(layer: 0, range: size - 10..<size) { _ in
            spans.withLock {
                $0.value = scheduler.counters.spans.load(ordering: .relaxed)
                $0.broadcast()
            }
        }
        give(1)
        let before = spans.withLock { held in
            for _ in 0..<300 where held.value == nil { held.wait(milliseconds: 100) }
            return held.value
        }
        #expect(before == 0, "spans of fill came first")
    }

    @Test func aRetryIsAsked() throws {
        let source = FaultySource(image.source) { $0 == 0 ? .refused(HermesError(.unavailable, "busy")) : .none }
        let scheduler = try scheduler(source)
        defer { scheduler.stop() }
        #expect(try begin(scheduler, 0, 0..<10)() == Array(image.archives[0][0..<10]))
        #expect(source.terms.prefix(2).map(\.isRetry) == [false, true])
        #expect(source.terms[1].deadline != nil)
    }

    @Test func stopCancelsWhatIsUnderWay() throws {
        let source = FaultySource(image.source) { _ in .held }
        let scheduler = try scheduler(source)
        let reads = (0..<4).map { begin(scheduler, $0, 0..<100_000) }
        scheduler.fill {}
        let held = source.heldCount
        #expect(held > 0)
        scheduler.stop()
        #expect(source.cancelCount == held)
        for read in reads {
            let error = #expect(throws: HermesError.self) { try read() }
            #expect(error?.code == .interrupted)
        }
    }

    @Test func aReadEndsByItsDeadline() throws {
        let source = FaultySource(image.source) { _ in .held }
        let scheduler = try scheduler(source, readDeadline: 200)
        defer { scheduler.stop() }
        let error = #expect(throws: HermesError.self) { try begin(scheduler, 0, 0..<10)() }
        #expect(error?.code == .unavailable)
        #expect(source.cancelCount == 0, "its bytes are useful still")
        // The kernel asks again at once: that read does not wait for a deadline of its own.
        let isOver = Atomic(false)
        scheduler.read(layer: 0, range: 5..<6) { isOver.store((try? $0.get()) == nil, ordering: .relaxed) }
        let wasAtOnce = isOver.load(ordering: .relaxed)
        #expect(wasAtOnce)
        // So does one whose source asks it to wait for longer.
        let wait = HermesError(.unavailable, "busy", cause: RetryAfter(milliseconds: 3_600_000))
        let limited = FaultySource(image.source) { _ in .refused(wait) }
        let other = try self.scheduler(limited, readDeadline: 200)
        defer { other.stop() }
        #expect(throws: HermesError.self) { try begin(other, 0, 0..<10)() }
    }

    @Test func anOutageIsSurvivedByThoseWhoWaitAndOverForThoseWhoCome() throws {
        let isDown = Atomic(true)
        let refused = HermesError(.unavailable, "cannot reach it")
        let source = FaultySource(image.source) { _ in isDown.load(ordering: .relaxed) ? .refused(refused) : .none }
        let scheduler = try scheduler(source)
        defer { scheduler.stop() }
        let waiting = (0..<4).map { begin(scheduler, $0, 60_000..<70_000) }
        usleep(700_000)
        isDown.store(false, ordering: .relaxed)
        for (layer, read) in waiting.enumerated() {
            #expect(try read() == Array(image.archives[layer][60_000..<70_000]))
        }
        let before = source.requestCount
        #expect(try begin(scheduler, 1, 300_000..<300_010)() == Array(image.archives[1][300_000..<300_010]))
        #expect(source.requestCount > before)
    }

    @Test func mixedFailuresDoNotAddUp() throws {
        let source = FaultySource(image.source) { request in
            switch request {
            case 0, 2, 4: .corrupt
            case ..<5: .refused(HermesError(.unavailable, "busy"))
            default: .none
            }
        }
        let scheduler = try scheduler(source, layers: 2..<3)
        defer { scheduler.stop() }
        #expect(try begin(scheduler, 0, 0..<1)() == [image.archives[2][0]])
        #expect(scheduler.counters.failedReads.load(ordering: .relaxed) == 0)
        #expect(source.blamed.count == 3)
        #expect(Set(source.blamed) == [image.layout.path])
    }

    @Test func aMirrorThatLiesIsBlamedAndTheRegistryServes() throws {
        let layer = image.image.layers[0].descriptor
        let blob = try image.layout.readBlob(layer, limit: 1 << 30)
        let registry = try FaultyRegistry(blob)
        let mirror = try FaultyRegistry(blob)
        let folder = try TestFolder()
        let name = "127.0.0.1_\(registry.port)_"
        try TestProcess.run(["mkdir", "-p", "\(folder.path)/\(name)"])
        try RegistryTestFile.write(
            "[host.'http://127.0.0.1:\(mirror.port)/as-corrupt']", to: "\(folder.path)/\(name)/hosts.toml")
        let client = try registry.client(hosts: HostsFolder(folder.path))
        let source = try RegistrySource(
            client: client, reference: Reference("127.0.0.1:\(registry.port)/plain:v1"))
        let scheduler = try scheduler(source, layers: 0..<1)
        defer { scheduler.stop() }
        let size = Int64(image.archives[0].count)
        #expect(try begin(scheduler, 0, 0..<1)() == [image.archives[0][0]])
        #expect(try begin(scheduler, 0, 0..<size)() == image.archives[0])
        let counters = scheduler.counters
        #expect(counters.failedReads.load(ordering: .relaxed) == 0)
        #expect(counters.verificationFailures.load(ordering: .relaxed) > 0)
        // With nobody else to ask, it ends with an error, and soon.
        let lying = try RegistrySource(
            client: registry.client(), reference: Reference("127.0.0.1:\(registry.port)/corrupt:v1"))
        let empty = try TestFolder()
        let alone = SpanScheduler(
            source: lying, layers: [try image.lazyLayers(in: empty.path)[0]], threads: IndexedImage.threads,
            log: IndexedImage.silent)
        defer { alone.stop() }
        let error = #expect(throws: HermesError.self) { try begin(alone, 0, 0..<1)() }
        #expect(error?.code == .corrupt)
        #expect(alone.layers[0].store.presentCount == 0)
    }
}
