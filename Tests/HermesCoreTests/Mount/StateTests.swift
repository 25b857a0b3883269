import FoundationEssentials
import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// What a mount tells of itself.
@Suite struct StateTests {
    private struct Document: Decodable {
        struct Layer: Decodable {
            var digest: String
            var spans: Int
            var presentSpans: Int
            var presentBytes: Int64
            var bytes: Int64
            var fetchedBytes: Int64
            var errors: Int
            var complete: Bool
        }
        struct Read: Decodable {
            var file: String
            var layer: String
            var span: Int
            var seconds: Double
        }
        struct Problem: Decodable {
            var message: String
            var time: String
        }
        struct Totals: Decodable {
            var complete: Bool
            var presentUncompressedBytes: Int64
            var uncompressedBytes: Int64
            var fetchedBytes: Int64
            var failedReads: Int
        }
        var image: String
        var manifest: String
        var mounted: String
        var totals: Totals
        var layers: [Layer]
        var parkedReads: Int
        var hungReads: [Read]
        var lastError: Problem?
    }

    private static let content = testBytes(300_000, seed: 8)
    private static func image() throws -> IndexedImage {
        let layer = LayerArchive.make { layer in
            layer.directory("data", mode: 0o755)
            layer.add(Array("data/one".utf8), type: "0", content)
            layer.sparse("data/sparse", runs: [(1_000, 512)], size: 3_000_000)
        }
        let other = LayerArchive.make { layer in layer.add(Array("data/two".utf8), type: "0", content) }
        return try IndexedImage([(layer, .gzip(.gzip6)), (other, .plain)], spanSize: 60_000)
    }

    private func withFilesystem(
        _ image: IndexedImage, source: (any ImageSource)? = nil, _ body: (ImageFilesystem) throws -> Void
    ) throws {
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
        let lazy = try cache.open(
            image.image, source: source ?? image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { lazy.close() }
        try body(ImageFilesystem(lazy, counts: LookupCounts()))
    }

    private func document(_ filesystem: ImageFilesystem) throws -> Document {
        try JSONDecoder().decode(Document.self, from: Data(filesystem.contents(.state)))
    }

    private func read(_ filesystem: ImageFilesystem, _ path: String) throws {
        var bytes = [UInt8](repeating: 0, count: Self.content.count)
        let inode = try filesystem.tree.resolve(path)
        _ = try bytes.withUnsafeMutableBytes { try filesystem.lazy.readBlocking(inode: inode, offset: 0, into: $0) }
        filesystem.scheduler.settle()
        #expect(bytes == Self.content)
    }

    @Test func theStateFollowsTheReads() throws {
        let image = try Self.image()
        try withFilesystem(image) { (filesystem) throws in
            var state = try document(filesystem)
            #expect(state.image == "test" && state.manifest == "\(image.image.descriptor.digest)")
            #expect(state.layers.map(\.digest) == image.image.layers.map { "\($0.descriptor.digest)" })
            #expect(state.layers.allSatisfy { $0.presentSpans == 0 && $0.fetchedBytes == 0 && !$0.complete })
            try read(filesystem, "/data/two")
            state = try document(filesystem)
            #expect(state.layers[0].presentSpans == 0 && state.layers[1].presentSpans > 0)
            #expect(state.layers[1].fetchedBytes > 0)
            #expect(!state.totals.complete && state.lastError == nil)
            let all = image.archives.indices.map { (layer: $0, range: Int64(0)..<Int64(image.archives[$0].count)) }
            for (layer, range) in all { try finish(filesystem, layer, range) }
            state = try document(filesystem)
            #expect(state.totals.complete && state.layers.allSatisfy { $0.complete && $0.presentBytes == $0.bytes })
            #expect(state.totals.presentUncompressedBytes == state.totals.uncompressedBytes)
            #expect(filesystem.lazy.present == filesystem.lazy.whole)
            #expect(state.parkedReads == 0 && state.hungReads.isEmpty)
        }
    }

    private func finish(_ filesystem: ImageFilesystem, _ layer: Int, _ range: Range<Int64>) throws {
        let done = Monitor(false)
        _ = filesystem.lazy.readLayer(layer, range) { _ in
            done.withLock {
                $0.value = true
                $0.broadcast()
            }
        }
        done.withLock { held in
            while !held.value { held.wait() }
        }
        filesystem.scheduler.settle()
    }

    @Test func whatHangsIsNamed() throws {
        let image = try Self.image()
        let held = FaultySource(image.source) { _ in .held }
        try withFilesystem(image, source: held) { (filesystem) throws in
            let scheduler = filesystem.scheduler
            let inode = try filesystem.tree.resolve("/data/one")
            let record = try #require(filesystem.tree.inode(inode)?.pointee)
            for index in 0..<3 {
                filesystem.lazy.read(inode: inode, offset: Int64(index) * 90_000, count: 10) { _ in }
            }
            #expect(scheduler.parkedCount == 3)
            #expect(scheduler.hungReads().isEmpty)
            let hung = scheduler.hungReads(now: .now().adding(milliseconds: 10_500))
            #expect(hung.map(\.layer) == [0, 0, 0])
            #expect(hung.map(\.offset) == [0, 90_000, 180_000].map { record.data + $0 })
            #expect(hung.map(\.span) == hung.map { filesystem.layers[0].spans.span(at: $0.offset) })
            #expect(hung.allSatisfy { $0.milliseconds >= 10_500 })
            #expect(try document(filesystem).parkedReads == 3)
            scheduler.stop()
            #expect(scheduler.parkedCount == 0)
        }
    }

    @Test func filesAreFoundByTheirData() throws {
        let image = try Self.image()
        try withFilesystem(image) { (filesystem) throws in
            let tree = filesystem.tree
            for path in ["/data/one", "/data/two", "/data/sparse"] {
                let inode = try tree.resolve(path)
                let record = try #require(tree.inode(inode)?.pointee)
                let start = record.isSparse ? tree.extents[Int(record.data)].data : record.data
                #expect(tree.file(holding: start, ofLayer: Int(record.layer)) == inode)
                #expect(tree.file(holding: start + 511, ofLayer: Int(record.layer)) == inode)
                #expect(tree.file(holding: start - 1, ofLayer: Int(record.layer)) != inode)
            }
            #expect(tree.file(holding: .max, ofLayer: 0) == nil)
            #expect(tree.file(holding: 0, ofLayer: 9) == nil)
        }
    }

    @Test func failuresAreCountedAndKept() throws {
        let image = try Self.image()
        let source = FaultySource(image.source) { _ in .corrupt }
        try withFilesystem(image, source: source) { (filesystem) throws in
            let inode = try filesystem.tree.resolve("/data/two")
            var byte: [UInt8] = [0]
            #expect(throws: HermesError.self) {
                try byte.withUnsafeMutableBytes { try filesystem.lazy.readBlocking(inode: inode, offset: 0, into: $0) }
            }
            let state = try document(filesystem)
            #expect(state.layers.map { $0.errors > 0 } == [false, true])
            #expect(state.totals.failedReads == 1)
            #expect(state.lastError?.message.contains("digest") == true)
            #expect(state.lastError?.time.hasSuffix("Z") == true)
            let samples = try MetricsTests.samples(String(decoding: filesystem.contents(.metrics), as: UTF8.self))
            #expect(samples["hermes_read_failures_total"] == 1)
            #expect((samples["hermes_verification_failures_total"] ?? 0) >= 4)
            #expect((samples["hermes_span_retries_total{reason=\"verification\"}"] ?? 0) >= 3)
            #expect(samples["hermes_parked_reads"] == 0)
            #expect(samples["hermes_cache_ratio"] == 0)
        }
    }

    @Test func sourcesOfReads() throws {
        let image = try Self.image()
        try withFilesystem(image) { (filesystem) throws in
            let sparse = try filesystem.tree.resolve("/data/sparse")
            func source(_ offset: Int64, _ count: Int) -> ReadSource {
                let done = Monitor(false)
                let source = filesystem.lazy.read(inode: sparse, offset: offset, count: count) { _ in
                    done.withLock {
                        $0.value = true
                        $0.broadcast()
                    }
                }
                done.withLock { held in
                    while !held.value { held.wait() }
                }
                filesystem.scheduler.settle()
                return source
            }
            #expect(source(2_000_000, 100) == .hole)
            #expect(source(900, 200) == .fetch)
            #expect(source(900, 200) == .cache)
        }
    }

    @Test func onePassSeesOneMoment() {
        var snapshot = StateSnapshot()
        let start = Monotonic.now()
        func at(_ milliseconds: Int) -> Monotonic { start.adding(milliseconds: milliseconds) }
        let asks: [(StateSnapshot.Access, Int, Bool)] = [
            // A pass: the path, its attributes, reads.
            (.path, 0, true), (.path, 1, false), (.reading, 2, false), (.reading, 500, false),
            // The next one.
            (.path, 520, true),
            // A file that stays open is read anew after a pause.
            (.reading, 530, false), (.reading, 1530, true),
        ]
        for (access, time, expected) in asks {
            let renews = snapshot.renews(access, now: at(time))
            #expect(renews == expected, "at \(time)")
        }
        // Readers without a pause do not keep it for ever.
        var now = 1540
        while !snapshot.renews(.path, now: at(now)) { now += 10 }
        #expect(now == 6530)
    }

    @Test func namesOfTheFolder() {
        #expect(StateFolder.isEqual(".hermes", StateFolder.name))
        #expect(!StateFolder.isEqual(".hermes2", StateFolder.name))
        #expect(StateFolder.file(named: "state.json") == .state)
        #expect(StateFolder.file(named: "metrics") == .metrics)
        #expect(StateFolder.file(named: "") == nil)
        for file in StateFolder.File.allCases { #expect(StateFolder.file(file.number) == file) }
        #expect(StateFolder.file(StateFolder.number) == nil)
    }
}
