import Glibc
import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Many images on one mount, with the real kernel.
@Suite(.enabled(if: geteuid() == 0 && access("/dev/fuse", F_OK) == 0), .serialized) struct LazyMountsTests {
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
        try TestTool.run(["mkdir", folder.path + "/mnt"])
    }

    /// An image with files "0" to "<count - 1>" that hold their name and the image's, in pieces of 40,000 bytes.
    private func image(_ name: String, files count: Int) throws -> IndexedImage {
        let layer = LayerArchive.make { layer in
            layer.directory("data", mode: 0o755)
            for number in 0..<count { layer.add(Array("data/\(number)".utf8), type: "0", content(name, number)) }
        }
        return try IndexedImage([(layer, .gzip(.gzip6))], spanSize: 40_000)
    }

    private func content(_ name: String, _ number: Int) -> [UInt8] {
        let line = Array("\(name) \(number)\n".utf8)
        return Array(repeatElement(line, count: 40_000 / line.count).joined())
    }

    private func open(_ image: IndexedImage, source: (any ImageSource)? = nil, in cache: ImageCache) throws -> LazyImage
    {
        try cache.compile(image.image, try image.files())
        return try cache.open(
            image.image, source: source ?? image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
    }

    private func withMounts(_ body: (LazyMounts, ImageCache) throws -> Void) throws {
        let cache = try ImageCache(folder.path + "/cache")
        let keeper = try CacheKeeper(cache, budget: CacheBudget(), log: IndexedImage.silent)
        defer { keeper.stop() }
        let mounts = try LazyMounts(on: folder.path + "/mnt", keeper: keeper)
        defer { #expect(!mounts.close()) }
        try mounts.reap { _ in }
        try body(mounts, cache)
    }

    private func read(_ path: String) throws -> [UInt8] { try LocalFile.read(path, limit: 1 << 20) }

    @Test func eachImageHasAFolder() throws {
        try withMounts { mounts, cache in
            let images = try ["one", "two"].map { (name: $0, image: try image($0, files: 3)) }
            for (name, image) in images { try mounts.add(try open(image, in: cache), as: name) {} }
            #expect(try FolderListing.names(in: mounts.directory).sorted() == ["one", "two"])
            for name in ["one", "two"] {
                #expect(try FolderListing.names(in: mounts.path(name) + "/data").sorted() == ["0", "1", "2"])
                for number in 0..<3 {
                    #expect(try read("\(mounts.path(name))/data/\(number)") == content(name, number))
                }
                // The hidden state folder is not for containers.
                #expect(access("\(mounts.path(name))/.hermes", F_OK) != 0)
            }
            var root = stat()
            #expect(stat(mounts.directory, &root) == 0)
            #expect(root.st_mode & 0o777 == 0o700)
            #expect(throws: HermesError.self) {
                try mounts.add(try open(images[1].image, in: cache), as: "one") {}
            }
            #expect(access(mounts.path("three"), F_OK) != 0)
        }
        #expect(try FolderListing.names(in: folder.path + "/mnt").isEmpty)
    }

    @Test func aRemovedImageServesThoseThatUseIt() throws {
        try withMounts { mounts, cache in
            let (old, new) = (try image("one", files: 40), try image("new", files: 2))
            let lazy = try open(old, in: cache)
            try mounts.add(lazy, as: "one") {}
            let directory = Glibc.open(mounts.path("one"), O_RDONLY | O_DIRECTORY)
            #expect(directory >= 0)
            mounts.remove("one")
            #expect(access(mounts.path("one"), F_OK) != 0)
            // The name is free, and its new image has a slot of its own.
            try mounts.add(try open(new, in: cache), as: "one") {}
            #expect(try read(mounts.path("one") + "/data/1") == content("new", 1))
            #expect(try read("/proc/self/fd/\(directory)/data/39") == content("one", 39))
            let isClosed = { lazy.scheduler.state.withLock(\.isStopped) }
            #expect(!isClosed())
            close(directory)
            // Nobody uses it any more, so it is closed.
            let deadline = Monotonic.now().adding(milliseconds: 60_000)
            while !isClosed(), Monotonic.now() < deadline { usleep(10_000) }
            #expect(isClosed())
        }
    }

    @Test func aKilledReaderDoesNotWaitForItsSpan() throws {
        let stuck = try image("stuck", files: 2)
        try withMounts { mounts, cache in
            let lazy = try open(stuck, source: FaultySource(stuck.source) { _ in .held }, in: cache)
            try mounts.add(lazy, as: "stuck") {}
            // Past the page cache, so that the process waits for the request itself. It has ended when this returns.
            let path = mounts.path("stuck") + "/data/1"
            _ = try? TestProcess.run([
                "timeout", "-s", "KILL", "1", "dd", "if=\(path)", "iflag=direct", "bs=4096", "count=1",
            ])
            // The span did not come, and the deadline was not reached: an answer would have ended the wait.
            #expect(lazy.scheduler.parkedCount == 1)
        }
    }

    @Test func countersOutliveTheirImage() throws {
        try withMounts { mounts, cache in
            func metrics() throws -> [String: Double] {
                try MetricsTests.samples(mounts.metrics().map(\.text).joined())
            }
            let none = try metrics()
            #expect(none["hermes_image_bytes"] == 0 && none["hermes_cache_ratio"] == 1)
            let (one, two) = (try image("one", files: 3), try image("two", files: 1))
            for (name, image) in [("one", one), ("two", two)] {
                try mounts.add(try open(image, in: cache), as: name) {}
                #expect(try read(mounts.path(name) + "/data/0") == content(name, 0))
            }
            let both = try metrics()
            let reads = try #require(both["hermes_reads_total{source=\"fetch\"}"])
            #expect(reads >= 2)
            let bytes = [one, two].reduce(0) { $0 + $1.archives[0].count }
            #expect(both["hermes_image_bytes"] == Double(bytes))
            let status = try #require(mounts.status("one"))
            #expect(status.manifest == one.image.descriptor.digest && status.layers == 1)
            #expect(status.fetchedBytes > 0 && status.presentPercent > 0 && status.reads > 0)
            #expect(mounts.status("three") == nil)
            mounts.remove("one")
            // It goes with its layers and leaves what it has counted.
            let deadline = Monotonic.now().adding(milliseconds: 60_000)
            var left = try metrics()
            while left["hermes_image_bytes"] == Double(bytes), Monotonic.now() < deadline {
                usleep(10_000)
                left = try metrics()
            }
            #expect(left["hermes_image_bytes"] == Double(two.archives[0].count))
            #expect(left["hermes_reads_total{source=\"fetch\"}"] == reads)
            #expect(left["hermes_spans_total"] == both["hermes_spans_total"])
            #expect(Set(left.keys) == Set(none.keys) && Set(both.keys) == Set(none.keys))
        }
    }

    @Test func readsAreRecorded() throws {
        try withMounts { mounts, cache in
            let (one, two) = (try image("one", files: 40), try image("two", files: 2))
            // Before the image is there, and for one recorder at a time.
            #expect(mounts.beginRecording("one") && !mounts.beginRecording("one"))
            try mounts.add(try open(one, in: cache), as: "one") {}
            try mounts.add(try open(two, in: cache), as: "two") {}
            for (name, number) in [("one", 3), ("one", 17), ("two", 0)] {
                #expect(try read("\(mounts.path(name))/data/\(number)") == content(name, number))
            }
            let record = try #require(mounts.endRecording("one"))
            #expect(Set(record.touched.map(\.path)) == ["/data/3", "/data/17"])
            for file in record.touched {
                #expect(file.readBytes == file.bytes && file.reads > 0 && file.layer == 0)
                #expect(file.at >= 0 && file.at <= record.seconds)
            }
            // Nothing was here, so that the first read waited.
            let first = try #require(record.reads.first)
            #expect(first.path == "/data/3" && first.seconds != nil)
            #expect(record.layers.map(\.files) == [40] && record.layers.map(\.touchedFiles) == [2])
            #expect(record.untouchedFiles.count == 38)
            // What the kernel has it does not ask for again, and it is recorded of an image that is there already.
            #expect(mounts.endRecording("one") == nil && mounts.beginRecording("one"))
            for number in [3, 30] {
                #expect(try read("\(mounts.path("one"))/data/\(number)") == content("one", number))
            }
            // One that is removed is still there for those who use it.
            let directory = Glibc.open(mounts.path("one"), O_RDONLY | O_DIRECTORY)
            defer { close(directory) }
            mounts.remove("one")
            #expect(mounts.endRecording("one")?.touched.map(\.path) == ["/data/30"])
            #expect(mounts.beginRecording("never") && mounts.endRecording("never") == nil)
        }
    }

    @Test func anImageThatWaitsLeavesTheOthersAlone() throws {
        let readers = 1000
        let failures = Atomic<Int>(0)
        var threads: [SystemThread] = []
        let (stuck, well) = (try image("stuck", files: readers), try image("well", files: 50))
        try withMounts { mounts, cache in
            let source = FaultySource(stuck.source) { _ in .held }
            let lazy = try open(stuck, source: source, in: cache)
            try mounts.add(lazy, as: "stuck") {}
            try mounts.add(try open(well, in: cache), as: "well") {}
            #expect(try read(mounts.path("well") + "/data/0") == content("well", 0))
            let path = mounts.path("stuck")
            threads = try (0..<readers).map { number in
                try SystemThread("reader") {
                    guard (try? LocalFile.read("\(path)/data/\(number)", limit: 1 << 20)) == nil else { return }
                    failures.add(1, ordering: .relaxed)
                }
            }
            let deadline = Monotonic.now().adding(milliseconds: 60_000)
            while lazy.scheduler.parkedCount < readers, Monotonic.now() < deadline { usleep(10_000) }
            #expect(lazy.scheduler.parkedCount >= readers)
            for number in 1..<50 {
                #expect(try read("\(mounts.path("well"))/data/\(number)") == content("well", number))
            }
        }
        // The end of the mount fails the reads that wait.
        for thread in threads { thread.join() }
        #expect(failures.load(ordering: .relaxed) == readers)
    }
}
