import Glibc
import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The scheduler end to end: real layers, a source that fails, and the bytes that readers get.
@Suite struct SpanSchedulerTests {
    /// Three layers, packed in three ways, in many spans.
    static let shared: Result<IndexedImage, any Error> = Result {
        let content = GzipCorpus.plain
        func archive(_ part: ArraySlice<UInt8>, _ name: String) -> [UInt8] {
            LayerArchive.make { layer in
                for (index, start) in stride(from: part.startIndex, to: part.endIndex, by: 90_001).enumerated() {
                    let piece = Array(part[start..<min(start + 90_001, part.endIndex)])
                    layer.add(Array("\(name)/\(index)".utf8), type: "0", piece)
                }
            }
        }
        // What is shared lives until the process ends, and its folder no longer.
        atexit {
            guard let path = try? SpanSchedulerTests.shared.get().folder.path else { return }
            _ = try? TestTool.run(["rm", "-rf", path])
        }
        return try IndexedImage(
            [
                (archive(content[...], "gzip"), .gzip(.gzip6)),
                (archive(content[200_000..<900_000], "pigz"), .gzip(.pigz)),
                (archive(content[..<500_000], "plain"), .plain),
                (archive(content[300_000..<700_000], "members"), .gzip(.members)),
            ], spanSize: 50_000)
    }

    private let image: IndexedImage
    private let cache: TestFolder

    init() throws {
        image = try Self.shared.get()
        cache = try TestFolder()
    }

    /// A scheduler over the image's layers with its own cache, stopped afterwards.
    private func withScheduler(
        cache path: String? = nil, source: any ImageSource, readDeadline: Int = SpanScheduler.readDeadline,
        _ body: (SpanScheduler) throws -> Void
    ) throws {
        let scheduler = SpanScheduler(
            source: source, layers: try image.lazyLayers(in: path ?? cache.path), threads: IndexedImage.threads,
            log: IndexedImage.silent, readDeadline: readDeadline)
        defer { scheduler.stop() }
        try body(scheduler)
    }

    private func faulty(_ fault: @escaping @Sendable (Int) -> FaultySource.Fault) -> FaultySource {
        FaultySource(image.source, fault)
    }

    /// Reads a range, waiting for it.
    private static func read(_ scheduler: SpanScheduler, _ layer: Int, _ range: Range<Int64>) throws -> [UInt8] {
        let answers = Monitor<[Result<[UInt8], HermesError>]>([])
        scheduler.read(layer: layer, range: range) { result in
            answers.withLock {
                $0.value.append(result.map { Array($0) })
                $0.broadcast()
            }
        }
        return try answers.withLock { held in
            while held.value.isEmpty { held.wait() }
            return try held.value[0].get()
        }
    }

    private func randomRange(_ random: inout SeededGenerator) -> (layer: Int, range: Range<Int64>) {
        let layer = Int.random(in: 0..<image.archives.count, using: &random)
        let size = Int64(image.archives[layer].count)
        let start = Int64.random(in: 0..<size, using: &random)
        let length = Int64.random(in: 1...(Bool.random(using: &random) ? 4096 : 300_000), using: &random)
        return (layer, start..<min(start + length, size))
    }

    /// Reads random ranges from many threads and compares each with the layer; returns how many were wrong or failed.
    private func hammer(_ scheduler: SpanScheduler, threads: Int, reads: Int, seed: UInt64) throws -> Int {
        let wrong = Atomic<Int>(0)
        let image = image
        let running = try (0..<threads).map { thread in
            try SystemThread("test-reader") {
                var random = SeededGenerator(seed: seed + UInt64(thread))
                for _ in 0..<reads {
                    let (layer, range) = randomRange(&random)
                    let bytes = (try? Self.read(scheduler, layer, range)) ?? []
                    let isRight = image.archives[layer].withUnsafeBytes { archive in
                        guard bytes.count == range.count, let base = archive.baseAddress else { return false }
                        return memcmp(base + Int(range.lowerBound), bytes, bytes.count) == 0
                    }
                    if !isRight { wrong.add(1, ordering: .relaxed) }
                }
            }
        }
        for thread in running { thread.join() }
        return wrong.load(ordering: .relaxed)
    }

    @Test func everyRangeIsRight() throws {
        try withScheduler(source: image.source) { (scheduler) throws in
            #expect(scheduler.layers.allSatisfy { $0.count > 5 })
            for (index, archive) in image.archives.enumerated() {
                #expect(try Self.read(scheduler, index, 0..<Int64(archive.count)) == archive)
            }
            scheduler.settle()
            #expect(scheduler.layers.areComplete)
            let requests = scheduler.counters.requestCount
            #expect(try hammer(scheduler, threads: 2, reads: 20, seed: 1) == 0)
            #expect(scheduler.counters.requestCount == requests, "everything was cached")
        }
    }

    @Test(arguments: [11, 12, 13]) func manyReadersAndEveryFault(seed: UInt64) throws {
        let source = faulty { request in
            var random = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(request))
            switch Int.random(in: 0..<14, using: &random) {
            case 0: return .corrupt
            case 1: return .broken
            case 2: return .short
            case 3: return .refused(HermesError(.unavailable, "too busy"))
            case 4: return .dripping
            case 5...6: return .late(milliseconds: Int.random(in: 1...30, using: &random))
            default: return .none
            }
        }
        try withScheduler(source: source) { (scheduler) throws in
            #expect(try hammer(scheduler, threads: 8, reads: 15, seed: seed) == 0)
            #expect(scheduler.counters.failedReads.load(ordering: .relaxed) == 0)
        }
    }

    @Test func corruptedOnceIsFetchedAgain() throws {
        let source = faulty { $0 == 0 ? .corrupt : .none }
        try withScheduler(source: source) { (scheduler) throws in
            #expect(try Self.read(scheduler, 0, 60_000..<60_100) == Array(image.archives[0][60_000..<60_100]))
            #expect(scheduler.counters.verificationFailures.load(ordering: .relaxed) == 1)
            #expect(scheduler.counters.retries[.verification] == 1)
        }
    }

    @Test func corruptedAlwaysFailsAndIsNeverCached() throws {
        let source = faulty { _ in .corrupt }
        try withScheduler(source: source) { (scheduler) throws in
            for layer in image.archives.indices {
                let error = #expect(throws: HermesError.self) { try Self.read(scheduler, layer, 0..<200_000) }
                #expect(error?.code == .corrupt)
            }
            #expect(scheduler.layers.allSatisfy { $0.store.presentCount == 0 })
            #expect(scheduler.counters.failedReads.load(ordering: .relaxed) == image.archives.count)
        }
    }

    @Test func aRefusalFailsWithItsCause() throws {
        let source = faulty { _ in .refused(HermesError(.denied, "401")) }
        try withScheduler(source: source) { (scheduler) throws in
            let error = #expect(throws: HermesError.self) { try Self.read(scheduler, 1, 0..<1) }
            #expect(error?.code == .denied)
        }
        // What failed for one reader does not stay failed.
        try withScheduler(source: faulty { $0 < 4 ? .refused(HermesError(.denied, "401")) : .none }) {
            (scheduler) throws in
            #expect(throws: HermesError.self) { try Self.read(scheduler, 1, 0..<1) }
            #expect(try Self.read(scheduler, 1, 0..<1) == [image.archives[1][0]])
        }
    }

    @Test func stopAnswersEveryParkedReadOnce() throws {
        let source = faulty { _ in .held }
        let answers = Mutex<[Int: [HermesError?]]>([:])
        let scheduler = SpanScheduler(
            source: source, layers: try image.lazyLayers(in: cache.path), threads: IndexedImage.threads,
            log: IndexedImage.silent)
        var random = SeededGenerator(seed: 3)
        for number in 0..<50 {
            let (layer, range) = randomRange(&random)
            scheduler.read(layer: layer, range: range) { result in
                let error: HermesError? = if case .failure(let error) = result { error } else { nil }
                answers.withLock { $0[number, default: []].append(error) }
            }
        }
        #expect(source.heldCount > 0)
        let early = answers.withLock { $0.count }
        #expect(early == 0)
        scheduler.stop()
        func check() {
            let all = answers.withLock { $0 }
            #expect(all.count == 50)
            #expect(all.values.allSatisfy { $0.count == 1 && $0[0]?.code == .interrupted })
        }
        check()
        // What arrives afterwards reaches nobody.
        source.release()
        usleep(100_000)
        check()
        #expect(throws: HermesError.self) { try Self.read(scheduler, 0, 0..<1) }
        scheduler.stop()
    }

    @Test func fillCompletesAndLasts() throws {
        let source = faulty { request in
            request < 3 ? .corrupt : request < 9 ? .refused(HermesError(.unavailable, "busy")) : .none
        }
        let calls = Monitor(0)
        try withScheduler(source: source) { (scheduler) throws in
            scheduler.fill {
                calls.withLock {
                    $0.value += 1
                    $0.broadcast()
                }
            }
            calls.withLock { held in
                while held.value == 0 { held.wait() }
            }
            #expect(scheduler.layers.areComplete)
        }
        let count = calls.withLock { $0.value }
        #expect(count == 1)
        // The cache alone answers, after reopening.
        let none = faulty { _ in .refused(HermesError(.denied, "no registry any more")) }
        try withScheduler(source: none) { (scheduler) throws in
            #expect(scheduler.layers.areComplete)
            #expect(try hammer(scheduler, threads: 2, reads: 30, seed: 5) == 0)
            #expect(none.requestCount == 0)
        }
    }

    /// Fill gives way to a reader, and nothing but the time calls it back: the read's deadline is too far away.
    @Test func fillGoesOnWhenReadersRest() throws {
        let source = faulty { $0 == 0 ? .held : .none }
        try withScheduler(source: source, readDeadline: 3_600_000) { (scheduler) throws in
            let filled = Monitor(false)
            scheduler.read(layer: 0, range: 0..<1) { _ in }
            scheduler.fill {
                filled.withLock {
                    $0.value = true
                    $0.broadcast()
                }
            }
            #expect(source.requestCount == 1)
            source.release()
            filled.withLock { held in
                for _ in 0..<3000 where !held.value { held.wait(milliseconds: 100) }
            }
            #expect(scheduler.layers.areComplete)
        }
    }

    @Test func twoProgramsShareACache() throws {
        let refusing = faulty { _ in .refused(HermesError(.denied, "not from here")) }
        try withScheduler(source: image.source) { (first) throws in
            try withScheduler(source: refusing) { (second) throws in
                #expect(try hammer(first, threads: 2, reads: 10, seed: 7) == 0)
                for (index, archive) in image.archives.enumerated() {
                    _ = try Self.read(first, index, 0..<Int64(archive.count))
                }
                first.settle()
                #expect(second.layers.areComplete)
                #expect(try hammer(second, threads: 2, reads: 10, seed: 8) == 0)
            }
        }
        // Both at once over an empty cache.
        let other = try TestFolder()
        try withScheduler(cache: other.path, source: image.source) { (first) throws in
            try withScheduler(cache: other.path, source: image.source) { (second) throws in
                let wrong = Atomic<Int>(0)
                let thread = try SystemThread("test-other") {
                    wrong.add((try? hammer(first, threads: 2, reads: 15, seed: 9)) ?? 1, ordering: .relaxed)
                }
                #expect(try hammer(second, threads: 2, reads: 15, seed: 10) == 0)
                thread.join()
                #expect(wrong.load(ordering: .relaxed) == 0)
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aFullDiskCostsTheCacheOnly() throws {
        try TestTool.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", cache.path])
        defer { _ = try? TestTool.run(["umount", "-l", cache.path]) }
        let layers = try image.lazyLayers(in: cache.path)
        _ = try? TestTool.run(["dd", "if=/dev/zero", "of=\(cache.path)/full", "bs=4096", "status=none"])
        let scheduler = SpanScheduler(
            source: image.source, layers: layers, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { scheduler.stop() }
        #expect(try hammer(scheduler, threads: 4, reads: 10, seed: 21) == 0)
        #expect(scheduler.counters.cacheFailures.load(ordering: .relaxed) > 0)
        #expect(layers.allSatisfy { !$0.isComplete })
        // No room even for the bitmap is an error, not a crash.
        try TestTool.run(["mkdir", "\(cache.path)/cache0/new"])
        #expect(throws: HermesError.self) { try SpanStore(folder: "\(cache.path)/cache0/new", count: 9, size: 9) }
        // A fill rests meanwhile.
        let filled = Monitor(false)
        scheduler.fill {
            filled.withLock {
                $0.value = true
                $0.broadcast()
            }
        }
        let isEarly = filled.withLock { $0.value }
        #expect(!isEarly)
        // With room again, it caches again, and the fill goes on by itself.
        unlink("\(cache.path)/full")
        filled.withLock { held in
            while !held.value { held.wait() }
        }
        for (index, archive) in image.archives.enumerated() {
            #expect(try Self.read(scheduler, index, 0..<Int64(archive.count)) == archive)
        }
        scheduler.settle()
        #expect(layers.areComplete)
    }
}

extension [LazyLayer] {
    fileprivate var areComplete: Bool { allSatisfy { $0.isComplete } }
}
