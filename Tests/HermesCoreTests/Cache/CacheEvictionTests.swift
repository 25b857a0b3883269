import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// What goes from a real cache folder, and what stays.
@Suite struct CacheEvictionTests {
    private let folder: TestFolder
    private let cache: ImageCache
    private let first: IndexedImage
    private let second: IndexedImage

    init() throws {
        folder = try TestFolder()
        cache = try ImageCache(folder.path + "/node")
        func image(_ seed: UInt64) throws -> IndexedImage {
            let layer = LayerArchive.make { layer in
                layer.add(Array("data".utf8), type: "0", testBytes(400_000, seed: seed))
            }
            return try IndexedImage([(layer, .gzip(.gzip1))], spanSize: 60_000)
        }
        first = try image(1)
        second = try image(2)
        for image in [first, second] { try cache.compile(image.image, try image.files()) }
    }

    /// Opens an image, and reads all of it.
    private func open(_ image: IndexedImage) throws -> LazyImage {
        let lazy = try cache.open(
            image.image, source: image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        var bytes = [UInt8](repeating: 0, count: 400_000)
        _ = try bytes.withUnsafeMutableBytes {
            try lazy.readBlocking(inode: try lazy.tree.resolve("/data"), offset: 0, into: $0)
        }
        lazy.scheduler.settle()
        return lazy
    }

    /// Does the same, closes it, and waits until it is not in use. That takes a moment where another test starts a program, which
    /// has all descriptors, and so the leases, until it executes.
    private func use(_ image: IndexedImage) throws {
        try open(image).scheduler.stop()
        let digests = image.image.layers.map(\.descriptor.digest.hex)
        for name in try FolderListing.names(in: cache.path + "/layers")
        where digests.contains(where: name.hasPrefix) {
            while FolderLease.alone("\(cache.path)/layers/\(name)") == nil { usleep(1000) }
        }
    }

    private func evict(to size: Int64, needed: Int64 = 0) throws -> Int64 {
        try cache.evict(to: CacheBudget(size: size), needed: needed, log: IndexedImage.silent)
    }

    /// A keeper that goes on with a smaller budget removes what is not in use.
    @Test(.timeLimit(.minutes(2))) func aBudgetMayChange() throws {
        try use(first)
        let keeper = try CacheKeeper(cache, budget: CacheBudget(size: .max), log: IndexedImage.silent)
        let lazy = try open(second)
        keeper.attach(lazy) {}
        defer {
            lazy.scheduler.stop()
            keeper.detach(lazy)
            keeper.stop()
        }
        let size = try cache.size()
        keeper.resize(to: CacheBudget(size: 1))
        while try cache.size() >= size { usleep(10_000) }
    }

    @Test func whatWasUsedLastStays() throws {
        try use(second)
        try use(first)
        let size = try cache.size()
        #expect(size > 800_000)
        #expect(try evict(to: size) == 0)
        #expect(cache.isCompiled(first.image) && cache.isCompiled(second.image))
        let left = try evict(to: size - 1)
        #expect(left > 400_000)
        #expect(cache.isCompiled(first.image))
        #expect(!cache.isCompiled(second.image))
        let images = try FolderListing.names(in: cache.path + "/images")
        #expect(images == [first.image.descriptor.digest.hex])
        // What went can be had again.
        try cache.compile(second.image, try second.files())
        try use(second)
    }

    @Test func whatIsInUseStays() throws {
        let lazy = try open(first)
        try use(second)
        defer { lazy.close() }
        let left = try evict(to: 1)
        #expect(left < -400_000)
        #expect(cache.isCompiled(first.image))
        #expect(!cache.isCompiled(second.image))
        #expect(try FolderListing.names(in: cache.path + "/layers").count == 1)
        #expect(lazy.layers[0].isComplete)
    }

    @Test func whatIsToComeGetsRoom() throws {
        try use(first)
        try use(second)
        let size = try cache.size()
        #expect(try evict(to: size + 1000, needed: 1000) == 1000)
        #expect(try evict(to: size + 1000, needed: 1001) > 400_000)
        #expect(!cache.isCompiled(first.image))
    }

    @Test func imagesThatNobodyUsedForAMonthGo() throws {
        let old = time(nil) - 31 * 86_400
        var times = [timespec(tv_sec: old, tv_nsec: 0), timespec(tv_sec: old, tv_nsec: 0)]
        let path = "\(cache.path)/images/\(first.image.descriptor.digest.hex)/image"
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        _ = try evict(to: .max)
        #expect(!cache.isCompiled(first.image))
        #expect(cache.isCompiled(second.image))
        #expect(try FolderListing.names(in: cache.path + "/layers").count == 2, "their layers may serve others")
    }

    @Test func anImageThatIsJustBeingMadeStays() throws {
        let path = "\(cache.path)/images/\(Digest.of([1]).hex)"
        #expect(mkdir(path, 0o700) == 0)
        _ = try evict(to: .max)
        #expect(access(path, F_OK) == 0)
    }

    @Test func aKeeperVerifiesAndMakesDurable() throws {
        let lazy = try open(first)
        let keeper = try CacheKeeper(cache, budget: CacheBudget(size: .max), log: IndexedImage.silent)
        let verified = Monitor(0)
        keeper.attach(lazy) {
            verified.withLock {
                $0.value += 1
                $0.broadcast()
            }
        }
        verified.withLock { held in
            while held.value == 0 { held.wait() }
        }
        #expect(lazy.layers[0].isVerified)
        lazy.close()
        keeper.detach(lazy)
        keeper.stop()
        #expect(lazy.layers[0].store.durableCount == lazy.layers[0].count)
        let count = verified.withLock { $0.value }
        #expect(count == 1)
    }

    @Test func aKeeperMakesDurableAtTheEnd() throws {
        let lazy = try cache.open(
            first.image, source: first.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        let keeper = try CacheKeeper(cache, budget: CacheBudget(size: .max), log: IndexedImage.silent)
        keeper.attach(lazy) {}
        var byte: [UInt8] = [0]
        _ = try byte.withUnsafeMutableBytes {
            try lazy.readBlocking(inode: try lazy.tree.resolve("/data"), offset: 0, into: $0)
        }
        lazy.scheduler.settle()
        lazy.close()
        keeper.detach(lazy)
        keeper.stop()
        let store = lazy.layers[0].store
        #expect(store.durableCount >= 1)
        #expect(store.durableCount == store.presentCount)
    }
}
