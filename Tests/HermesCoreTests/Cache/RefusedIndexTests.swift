import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// An index whose zTOC describes other files than the image holds: what the cache and its keeper do with it.
@Suite struct RefusedIndexTests {
    private static let archive = LayerArchive.make { layer in
        layer.file("bin/login", "the right one")
        layer.file("bin/other", "the wrong one")
    }

    private let image: IndexedImage
    private let cache: ImageCache
    private let honest: Digest
    private let forged: Digest
    private let lines = LogLines()

    init() throws {
        image = try IndexedImage([(Self.archive, .plain)], spanSize: 1 << 20)
        cache = try ImageCache(image.folder.path + "/node")
        honest = try image.files().digest
        var entries = try parseTar(Self.archive).entries
        (entries[0].name, entries[1].name) = (entries[1].name, entries[0].name)
        let ztoc = try LayerZTOC.bytes(entries, archive: Self.archive)
        let index = SOCIIndex(
            subject: image.image.descriptor,
            layers: [
                SOCIIndex.Layer(
                    digest: try image.layout.writeBlob(ztoc), size: Int64(ztoc.count),
                    layer: image.image.layers[0].descriptor, spanSize: 1 << 20, disableXattrs: true)
            ])
        forged = try image.layout.addManifest(
            index.encoded(), mediaType: SOCIIndex.mediaType, artifactType: SOCIIndex.artifactType
        ).digest
    }

    /// On a thread of its own, because it waits for the referrers.
    private func prepare(index: String? = nil, pinned: Digest? = nil) async throws -> LazyImage {
        try await SystemThread.run("test") { [cache, image] in
            try cache.prepare(
                image.image, from: image.source, index: index, pinned: pinned, threads: IndexedImage.threads,
                log: IndexedImage.silent
            ) {
                _ in
                throw HermesError(.usage, "no index is to be built")
            }
        }
    }

    private func read(_ lazy: LazyImage, _ path: String) throws -> String {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes {
            try lazy.readBlocking(inode: try lazy.tree.resolve(path), offset: 0, into: $0)
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// Opens the image by its last referrer, which is forged, completes it, and lets a keeper look at it.
    private func findOut(until isDone: (LazyImage) -> Bool) async throws -> LazyImage {
        let lazy = try await prepare()
        #expect(try read(lazy, "/bin/login") == "the wrong one", "nobody knows yet")
        lazy.scheduler.settle()
        let keeper = try CacheKeeper(cache, budget: CacheBudget(size: .max), log: lines.logger(.error))
        keeper.attach(lazy) { Issue.record("it is not verified") }
        while !isDone(lazy) { usleep(1000) }
        lazy.close()
        keeper.detach(lazy)
        keeper.stop()
        return lazy
    }

    @Test func everyReadFailsAndTheLogNamesTheFile() async throws {
        let lazy = try await findOut { $0.isRefused }
        #expect(!lazy.layers[0].isVerified)
        #expect(lazy.layers[0].isComplete)
        let problem = lazy.scheduler.log.lastProblem
        #expect(problem?.layer == image.image.layers[0].descriptor.digest && problem?.span == nil)
        #expect(problem?.message.contains("bin/login as the layer has it") == true)
        let error = #expect(throws: HermesError.self) { try read(lazy, "/bin/login") }
        #expect(error?.code == .corrupt)
        let counters = lazy.scheduler.counters
        #expect(counters.layerFailures.load(ordering: .relaxed) == 1)
        #expect(counters.failedReads.load(ordering: .relaxed) == 1)
        let line = try #require(lines.take().first)
        #expect(line.level == .error && line.message.contains("the index is refused"))
        #expect(line.fields["image"] == image.source.name)
        #expect(line.fields["index"] == "\(forged)")
        #expect(line.fields["layer"] == "\(image.image.layers[0].descriptor.digest)")
        #expect(line.fields["cause"]?.contains("bin/login as the layer has it: it gives another name") == true)
    }

    @Test func theNextMountTakesAnotherIndex() async throws {
        let lazy = try await findOut { _ in !cache.refusedIndexes(of: image.image.descriptor.digest).isEmpty }
        #expect(lazy.index == forged)
        #expect(!cache.isCompiled(image.image))
        let next = try await prepare()
        defer { next.close() }
        #expect(next.index == honest)
        #expect(try read(next, "/bin/login") == "the right one")
        next.scheduler.settle()
        #expect(!next.layers[0].isVerified, "what is known of the other zTOC does not count")
        // A layout whose newest index is the forged one is refused too.
        let error = await #expect(throws: HermesError.self) { try await prepare(index: image.layout.path) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("\(forged)") == true)
    }

    @Test func withoutAnotherIndexOneIsBuilt() async throws {
        for index in [honest, forged] { try cache.refuse(index, of: image.image.descriptor.digest) }
        let error = await #expect(throws: HermesError.self) { try await prepare() }
        #expect(error?.message == "no index is to be built")
        #expect(cache.refusedIndexes(of: image.image.descriptor.digest) == [honest, forged])
        #expect(cache.refusedIndexes(of: .of([1])) == [])
    }

    @Test func aRefusedIndexLeavesWhatAnotherOneCompiled() async throws {
        let lazy = try await prepare()
        lazy.close()
        try cache.refuse(honest, of: image.image.descriptor.digest)
        #expect(cache.isCompiled(image.image, index: forged))
        try cache.refuse(forged, of: image.image.descriptor.digest)
        #expect(!cache.isCompiled(image.image))
    }

    @Test func aDamagedZTOCIsMadeAnew() throws {
        let files = try image.files()
        try cache.compile(image.image, files)
        let folder = try #require(try FolderListing.names(in: cache.path + "/layers").first)
        let path = "\(cache.path)/layers/\(folder)"
        let ztoc = files.layers[0].ztoc.digest
        let opened = try cache.openZTOC(ztoc, in: path)
        #expect(withExtendedLifetime(opened) { Array(opened.readOnly) == Array(files.layers[0].file.readOnly) })
        #expect(throws: HermesError.self) { try cache.openZTOC(.of([1]), in: path) }
        #expect(access(path + "/ztoc", F_OK) != 0)
        #expect(!cache.isCompiled(image.image))
        try cache.compile(image.image, files)
        #expect(cache.isCompiled(image.image))
        #expect(try cache.openZTOC(ztoc, in: path).bytes.count == files.layers[0].file.bytes.count)
    }
}
