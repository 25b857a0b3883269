import Glibc
import HermesCore
import HermesSupport
import HermesTestKit
import Synchronization
import Testing

@testable import HermesController

@Suite struct ArtifactStoreTests {
    private let folder: TestFolder
    private let clock = Clock()

    private final class Clock: Sendable {
        private let time = Atomic<Int64>(1_000_000_000)
        var now: Int64 { time.load(ordering: .relaxed) }
        func pass(_ seconds: Int64) { time.add(seconds, ordering: .relaxed) }
    }

    init() throws { folder = try TestFolder() }

    private func store() throws -> ArtifactStore { try ArtifactStore(folder.path) { [clock] in clock.now } }

    private func path(_ digest: Digest) -> String { "\(folder.path)/blobs/sha256/\(digest.hex)" }

    private func isThere(_ digest: Digest) -> Bool { access(path(digest), F_OK) == 0 }

    @Test func keysOfOneImageAreEqual() throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let key = try Artifact.Key(image: "debian@\(digest)", platform: "linux/x86_64")
        for image in ["docker.io/library/debian@\(digest)", "index.docker.io/library/debian:12@\(digest)"] {
            #expect(try Artifact.Key(image: image, platform: "linux/amd64") == key)
        }
        #expect(key.image == "docker.io/library/debian@\(digest)")
        #expect(try Artifact.Key(image: "debian@\(digest)", platform: "linux/arm64/v8").platform == "linux/arm64")
        for image in ["debian:12", "debian", "", "debian@sha256:1", "../x@\(digest)"] {
            let error = #expect(throws: HermesError.self) { try Artifact.Key(image: image, platform: "linux/amd64") }
            #expect(error?.code == .usage)
        }
    }

    @Test func whatIsFinishedStays() throws {
        let made: Artifact
        do {
            let store = try store()
            #expect(try store.find(TestArtifacts.key("app")) == nil)
            made = try TestArtifacts.finish("app", [testBytes(100_000, seed: 1), [1], [2]], in: store)
        }
        let store = try store()
        let found = try #require(try store.find(TestArtifacts.key("app")))
        #expect(found == made)
        #expect(found.created == clock.now && found.used == clock.now)
        #expect(found.layers.map(\.size) == [100_000, 1, 1])
        let index = try #require(found.index)
        let bytes = try TestTool.read(path(index.digest))
        #expect(Digest.of(bytes) == index.digest && Int64(bytes.count) == index.size)
        // The layers are those of the document.
        #expect(try SOCIIndex(decoding: bytes).layers.count == 3)
        let blob = try #require(try store.openBlob(found.layers[0].digest))
        #expect(blob.size == 100_000 && blob.mediaType == "application/octet-stream")
        #expect(try store.openBlob(index.digest)?.mediaType == SOCIIndex.mediaType)
        #expect(try store.openBlob(Digest.of([9])) == nil)
    }

    @Test func onlyOneProcessUsesAStore() throws {
        let first = try store()
        let error = #expect(throws: HermesError.self) { _ = try store() }
        #expect(error?.code == .unavailable)
        withExtendedLifetime(first) {}
    }

    @Test func aFailureIsKeptUntilTheIndexIsReady() throws {
        let store = try store()
        let key = try TestArtifacts.key("app")
        let generation = store.generation
        try store.fail(key, source: "app:1", error: "no\nspace")
        #expect(try store.find(key)?.state == .failed(error: "no?space"))
        clock.pass(10)
        try store.fail(key, source: "app:1", error: "again")
        let failed = try #require(try store.find(key))
        #expect(failed.state == .failed(error: "again"))
        #expect(failed.updated - failed.created == 10)
        #expect(store.generation != generation)
        let ready = try TestArtifacts.finish("app", [[1, 2]], in: store)
        #expect(ready.id == failed.id && ready.created == failed.created)
        try store.fail(key, source: "app:1", error: "late")
        #expect(try store.find(key) == ready)
    }

    @Test func anIndexCanBeMadeAnew() throws {
        let store = try store()
        let first = try TestArtifacts.finish("app", [[1, 2], [3]], in: store)
        let second = try TestArtifacts.finish("app", [[4]], in: store)
        #expect(first.id == second.id && second.layers.count == 1)
        #expect(try store.find(second.key) == second)
        _ = try store.collectGarbage(unusedFor: 100, sizeBudget: .max)
        #expect(!isThere(first.layers[0].digest) && isThere(second.layers[0].digest))
    }

    @Test func aLayersZTOCIsSharedByImages() throws {
        let store = try store()
        let made = try TestArtifacts.finish("app", [testBytes(5000, seed: 3)], in: store)
        let layer = made.layers[0].layerDigest
        #expect(try store.ztoc(of: layer, spanSize: TestArtifacts.spanSize) == made.layers[0])
        #expect(try store.ztoc(of: layer, spanSize: TestArtifacts.spanSize * 2) == nil)
        #expect(try store.ztoc(of: Digest.of([7]), spanSize: TestArtifacts.spanSize) == nil)
        #expect(truncate(path(made.layers[0].digest), 10) == 0)
        #expect(try store.ztoc(of: layer, spanSize: TestArtifacts.spanSize) == nil)
        #expect(try store.openBlob(made.layers[0].digest) == nil)
        // Writing it again mends it.
        _ = try TestArtifacts.layer("app 0", testBytes(5000, seed: 3), in: store)
        #expect(try store.ztoc(of: layer, spanSize: TestArtifacts.spanSize) == made.layers[0])
    }

    @Test func anIndexNeedsItsBlobs() throws {
        let store = try store()
        let layer = try TestArtifacts.layer("a", [1, 2, 3], in: store)
        #expect(unlink(path(layer.digest)) == 0)
        let error = #expect(throws: HermesError.self) { try TestArtifacts.finish("app", layers: [layer], in: store) }
        #expect(error?.code == .notFound)
        #expect(try store.find(TestArtifacts.key("app")) == nil)
    }

    /// By the text of a Pod, however it is written, by what the node reports, and for its platform.
    @Test func anImageIsFoundByWhatAPodSays() throws {
        let store = try store()
        let made = try TestArtifacts.finish("app", [[1]], in: store)
        let expected = [IndexedImage(manifest: made.key.manifest, size: 1 << 30, since: made.updated)]
        let platform = Platform(architecture: "amd64", os: "linux")
        for text in ["docker.io/library/app:1", "app:1"] {
            #expect(try store.indexed(text, digest: nil, platform) == expected)
        }
        #expect(try store.indexed("app:2", digest: made.key.manifest, platform) == expected)
        for text in ["app:2", "Not An Image", "", "example.com/app:1"] {
            #expect(try store.indexed(text, digest: Digest.of([7]), platform).isEmpty)
        }
        #expect(try store.indexed("app:1", digest: nil, Platform(architecture: "arm64", os: "linux")).isEmpty)
        try store.fail(TestArtifacts.key("none"), source: "docker.io/library/none:1", error: "x")
        #expect(try store.indexed("none:1", digest: nil, platform).isEmpty)
    }

    /// A store of an older program has no sizes, and keeps all else.
    @Test func aStoreOfVersion1IsMigrated() throws {
        let made: Artifact
        do {
            let store = try store()
            made = try TestArtifacts.finish("app", [[1]], in: store)
        }
        let connection = try SQLiteConnection("\(folder.path)/hermes.db", synchronous: .normal)
        try connection.execute(
            "DROP INDEX artifacts_source; ALTER TABLE artifacts DROP COLUMN image_size; PRAGMA user_version = 1")
        let store = try store()
        #expect(try store.find(made.key) == made)
        let platform = Platform(architecture: "amd64", os: "linux")
        #expect(try store.indexed("app:1", digest: nil, platform).map(\.size) == [nil])
    }

    @Test func aStartRemovesWhatIsBroken() throws {
        let (whole, broken): (Artifact, Artifact)
        do {
            let store = try store()
            whole = try TestArtifacts.finish("whole", [[1]], in: store)
            broken = try TestArtifacts.finish("broken", [[2]], in: store)
            let writer = try store.blobWriter()
            try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try writer.write($0) }
            #expect(try FolderListing.names(in: "\(folder.path)/tmp").count == 1)
        }
        #expect(try FolderListing.names(in: "\(folder.path)/tmp").isEmpty)
        _ = try folder.write("tmp/.hermes-1", [1, 2])
        #expect(unlink(path(broken.layers[0].digest)) == 0)
        let store = try store()
        #expect(try FolderListing.names(in: "\(folder.path)/tmp").isEmpty)
        #expect(try store.find(whole.key) == whole)
        #expect(try store.find(broken.key) == nil)
        _ = try store.collectGarbage(unusedFor: 100, sizeBudget: .max)
        #expect(try store.folder.digests().count == 2)
    }

    @Test func artifactsAreListedFromTheNewest() throws {
        let store = try store()
        let made = try (0..<5).map { try TestArtifacts.finish("app\($0)", [[UInt8($0)]], in: store) }
        let first = try store.artifacts(before: nil, limit: 2)
        #expect(first == [made[4], made[3]])
        #expect(try store.artifacts(before: first[1].id, limit: 1000) == [made[2], made[1], made[0]])
        #expect(try store.artifacts(before: made[0].id, limit: 1000).isEmpty)
    }

    @Test func whatNobodyAsksForGoes() throws {
        let store = try store()
        let old = try TestArtifacts.finish("old", [testBytes(9000, seed: 1), [1]], in: store)
        let kept = try TestArtifacts.finish("kept", [testBytes(9000, seed: 1), [2]], in: store)
        try store.fail(TestArtifacts.key("failed"), source: "failed:1", error: "no")
        clock.pass(100)
        try store.markUsed([kept.key])
        clock.pass(10)
        #expect(try store.collectGarbage(unusedFor: 110, sizeBudget: .max) == .init())
        let generation = store.generation
        let collected = try store.collectGarbage(unusedFor: 50, sizeBudget: .max)
        #expect(store.generation != generation)
        let index = try #require(old.index)
        #expect(collected == .init(artifacts: 2, blobs: 2, bytes: index.size + 1))
        #expect(try store.artifacts(before: nil, limit: 10).map(\.key) == [kept.key])
        #expect(try store.find(kept.key)?.used == clock.now - 10)
        // The zTOC that both have is still there.
        #expect(isThere(kept.layers[0].digest) && !isThere(old.layers[1].digest) && !isThere(index.digest))
    }

    @Test func theBudgetTakesWhatWasUsedLongestAgo() throws {
        let store = try store()
        let shared = testBytes(50_000, seed: 1)
        let made = try (0..<4).map { number in
            clock.pass(1)
            return try TestArtifacts.finish(
                "app\(number)", [shared, testBytes(100_000, seed: 11 + 2 * UInt64(number))], in: store)
        }
        clock.pass(1)
        try store.markUsed([made[0].key])
        // Indexes are some hundred bytes; these bytes do not shrink.
        #expect(try store.collectGarbage(unusedFor: 1000, sizeBudget: 460_000).artifacts == 0)
        let collected = try store.collectGarbage(unusedFor: 1000, sizeBudget: 260_000)
        #expect(collected.artifacts == 2 && collected.blobs == 4)
        #expect(try store.artifacts(before: nil, limit: 10).map(\.key) == [made[3].key, made[0].key])
        #expect(isThere(made[0].layers[0].digest))
        #expect(try store.collectGarbage(unusedFor: 1000, sizeBudget: 0).artifacts == 2)
        #expect(try store.folder.digests().isEmpty)
    }

    @Test func blobsInUseStay() throws {
        let store = try store()
        let waiting = try TestArtifacts.layer("new", testBytes(9000, seed: 5), in: store)
        let made = try TestArtifacts.finish("app", [testBytes(9000, seed: 6)], in: store)
        var open = try store.openBlob(made.layers[0].digest)
        _ = try store.collectGarbage(unusedFor: 0, sizeBudget: 0)
        #expect(try store.find(made.key) == nil)
        #expect(isThere(waiting.digest) && isThere(made.layers[0].digest))
        #expect(open != nil)
        open = nil
        _ = try store.collectGarbage(unusedFor: 0, sizeBudget: 0)
        #expect(isThere(waiting.digest) && !isThere(made.layers[0].digest))
        clock.pass(ArtifactStore.patience)
        _ = try store.collectGarbage(unusedFor: 0, sizeBudget: 0)
        #expect(isThere(waiting.digest))
        clock.pass(1)
        _ = try store.collectGarbage(unusedFor: 0, sizeBudget: 0)
        #expect(!isThere(waiting.digest))
    }

    @Test func aZTOCThatIsAboutToBeSharedStays() throws {
        let store = try store()
        let made = try TestArtifacts.finish("app", [testBytes(9000, seed: 6)], in: store)
        let layer = try #require(try store.ztoc(of: made.layers[0].layerDigest, spanSize: TestArtifacts.spanSize))
        #expect(try store.collectGarbage(unusedFor: 0, sizeBudget: 0).artifacts == 1)
        let other = try TestArtifacts.finish("other", layers: [layer], in: store)
        #expect(try store.openBlob(other.layers[0].digest) != nil)
    }

    @Test func whatShrinksIsKeptInBothForms() throws {
        let store = try store()
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let made = try TestArtifacts.finish("app", [zeros, testBytes(1 << 20, seed: 2), [1, 2]], in: store)
        let small = try #require(try store.openBlob(made.layers[0].digest)?.compressed)
        #expect(small.size < 1000)
        #expect(try store.openBlob(made.layers[1].digest)?.compressed == nil)
        #expect(try store.openBlob(made.layers[2].digest)?.compressed == nil)
        let frame = try TestTool.run(["zstd", "-d", "-c", "\(path(made.layers[0].digest)).zst"])
        #expect(frame == zeros)
        _ = try store.collectGarbage(unusedFor: 0, sizeBudget: 0)
        #expect(try FolderListing.names(in: "\(folder.path)/blobs/sha256").isEmpty)
    }

    @Test func aFullDiskLeavesTheStoreWhole() throws {
        let mount = "\(folder.path)/small"
        try LocalFolder.make(mount)
        try TestProcess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", mount])
        defer { _ = try? TestProcess.run(["umount", "-l", mount]) }
        let store = try ArtifactStore(mount)
        let made = try TestArtifacts.finish("app", [testBytes(100_000, seed: 1)], in: store)
        let error = #expect(throws: HermesError.self) {
            try TestArtifacts.finish("big", [testBytes(8 << 20, seed: 2)], in: store)
        }
        #expect(error?.code == .cannotCreate)
        #expect(error?.description.contains("No space left on device") == true)
        #expect(try FolderListing.names(in: "\(mount)/tmp").isEmpty)
        #expect(try store.find(made.key) == made)
        #expect(try TestArtifacts.finish("other", [[1]], in: store).layers.count == 1)
    }
}
