import Glibc
import HermesTestKit
import Synchronization
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The indexes that are built on the spot: damage to one, and how long they stay.
@Suite struct BuiltIndexTests {
    private let folder: TestFolder
    private let cache: ImageCache
    private let first: IndexedImage
    private let second: IndexedImage
    private let lines = LogLines()
    private var layout: ImageLayout { get throws { try ImageLayout(cache.path + "/index") } }

    init() throws {
        folder = try TestFolder()
        cache = try ImageCache(folder.path + "/node")
        func layer(_ name: String) -> [UInt8] {
            LayerArchive.make { $0.add(Array(name.utf8), type: "0", testBytes(50_000, seed: UInt64(name.utf8.count))) }
        }
        func image(_ name: String) throws -> IndexedImage {
            let image = try IndexedImage(
                [(layer("base"), .plain), (layer(name), .plain)], spanSize: 20_000)
            // So that it has no referrer.
            try image.layout.unlist([try image.files().digest])
            return image
        }
        first = try image("first")
        second = try image("the second")
    }

    /// Opens an image, building its index where there is none, and closes it. Returns how many layers were read for that.
    @discardableResult
    private func use(_ image: IndexedImage, afterwards: @escaping @Sendable () throws -> Void = {}) async throws -> Int
    {
        let cache = cache
        let log = lines.logger(.info)
        return try await SystemThread.run("test") {
            var read = 0
            let lazy = try cache.prepare(
                image.image, from: image.source, index: nil, pinned: nil, threads: IndexedImage.threads, log: log
            ) { layout in
                let builder = try IndexBuilder(
                    image: image.image, source: image.source, storage: LayoutIndexStorage(layout), spanSize: 20_000)
                let observer = IndexBuilder.Observer(advanced: { _, _ in }, finished: { _, _ in })
                for outcome in try builder.build(jobs: 2, observer: observer).outcomes {
                    if case .built = outcome { read += 1 }
                }
                try afterwards()
            }
            lazy.close()
            return read
        }
    }

    /// Removes what is not used, once no program that another test starts has the leases (it has them until it executes).
    private func evict() throws -> Int64 {
        for path in ["index/blobs"] + (try FolderListing.names(in: cache.path + "/layers").map { "layers/\($0)" }) {
            while FolderLease.alone("\(cache.path)/\(path)") == nil { usleep(1000) }
        }
        return try cache.evict(to: CacheBudget(size: .max), needed: 0, log: lines.logger(.info))
    }

    private func blobs() throws -> Set<String> {
        Set(try FolderListing.names(in: cache.path + "/index/blobs/sha256"))
    }

    @Test(arguments: ["cut", "gone", "no index"]) func aDamagedIndexIsNoOthersTrouble(damage: String) async throws {
        #expect(try await use(first) == 2)
        let entry = try #require(try layout.imageIndex().manifests.first)
        let path = try layout.blobPath(entry.digest)
        switch damage {
        case "cut": #expect(truncate(path, 100) == 0)
        case "gone": #expect(unlink(path) == 0)
        default:
            // Its bytes are those of its digest, and no index.
            let text = Array(
                #"{"schemaVersion":2,"config":{"mediaType":"\#(SOCIIndex.artifactType)","digest":"\#(entry.digest)","size":2},"layers":[]}"#
                    .utf8)
            try layout.unlist([entry.digest])
            try layout.addManifest(text, artifactType: SOCIIndex.artifactType)
        }
        #expect(try await use(second) > 0)
        let told = lines.take()
        #expect(told.map(\.message) == ["an index that was built here is damaged: it is removed"])
        #expect(told.first?.fields["cause"] != nil)
        let left = try layout.sociIndexes()
        #expect(left.map(\.index.subject.digest) == [second.image.descriptor.digest])
        #expect(try await use(first) == 0, "it is compiled")
        _ = try evict()
        #expect(lines.take().isEmpty)
    }

    @Test(arguments: ["index.json", "oci-layout"]) func aDamagedListIsBegunAnew(name: String) async throws {
        try await use(first)
        try AtomicFile.write([1, 2, 3], to: "\(cache.path)/index/\(name)", temporaryIn: folder.path)
        try await use(second)
        #expect(
            lines.take().map(\.message) == ["the list of the indexes that were built here is damaged: it is begun anew"]
        )
        #expect(try layout.sociIndexes().map(\.index.subject.digest) == [second.image.descriptor.digest])
    }

    @Test func anIndexGoesWithItsImage() async throws {
        let empty = try cache.size()
        #expect(try await use(first) == 2)
        let own = try blobs()
        #expect(try await use(second) == 1, "the zTOC of the layer that both have serves both")
        let all = try blobs()
        let counted = try cache.usage()
        #expect(counted.indexes > 0)
        #expect(try cache.size() == counted.total && counted.total > empty)
        #expect(try evict() == .max - counted.total)
        #expect(try blobs() == all, "what is in use stays")

        // What was not used for a month goes.
        var times = [
            timespec(tv_sec: time(nil) - 31 * 86_400, tv_nsec: 0),
            timespec(tv_sec: time(nil) - 31 * 86_400, tv_nsec: 0),
        ]
        let path = "\(cache.path)/images/\(first.image.descriptor.digest.hex)/image"
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        let left = try evict()
        #expect(left == .max - (try cache.usage().total))
        let files = try IndexFiles.find(second.image, in: layout)
        let config = Digest.of(SOCIIndex.configContent)
        #expect(try blobs() == Set(([files.digest, config] + files.index.layers.map(\.digest)).map(\.hex)))
        #expect(try blobs().intersection(own).count == 2, "the shared zTOC, and the empty configuration")
        #expect(try layout.imageIndex().manifests.map(\.digest) == [files.digest])

        cache.remove(second.image.descriptor.digest)
        _ = try evict()
        #expect(try blobs().isEmpty)
        #expect(try layout.imageIndex().manifests.isEmpty)
        #expect(try await use(first) == 2)
        #expect(lines.take().isEmpty)
    }

    @Test func aBuildKeepsWhatItMakes() async throws {
        let cache = cache
        let unlisted = Mutex<Digest?>(nil)
        try await use(first) { [log = lines.logger(.info)] in
            let layout = try ImageLayout(cache.path + "/index")
            let blob = try layout.writeBlob([1, 2, 3])
            unlisted.withLock { $0 = blob }
            try AtomicFile.write([4], to: "\(layout.path)/.hermes-killed", temporaryIn: layout.path)
            #expect(cache.removeUnusedIndexes(log: log) == 0)
            #expect(access(layout.blobPath(blob), F_OK) == 0)
        }
        let digest = try #require(unlisted.withLock { $0 })
        _ = try evict()
        #expect(access(try layout.blobPath(digest), F_OK) != 0)
        #expect(access("\(cache.path)/index/.hermes-killed", F_OK) != 0)
        #expect(try IndexFiles.find(first.image, in: layout).layers.count == 2)
    }
}
