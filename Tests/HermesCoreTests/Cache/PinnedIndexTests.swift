import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// A mount that takes the index with one digest and no other.
@Suite struct PinnedIndexTests {
    private static let archive = LayerArchive.make { $0.file("file", String(repeating: "content", count: 4000)) }

    /// The same image twice, with two indexes.
    private let image: IndexedImage
    private let twin: IndexedImage
    private let cache: ImageCache

    init() throws {
        image = try IndexedImage([(Self.archive, .plain)], spanSize: 8192)
        twin = try IndexedImage([(Self.archive, .plain)], spanSize: 4096)
        cache = try ImageCache(image.folder.path + "/node")
    }

    /// On a thread of its own, because it waits for the source. Returns the index that was taken.
    private func prepare(_ pinned: Digest, index: String? = nil) async throws -> Digest {
        try await SystemThread.run("test") { [cache, image] in
            let lazy = try cache.prepare(
                image.image, from: image.source, index: index, pinned: pinned, threads: IndexedImage.threads,
                log: IndexedImage.silent
            ) { _ in
                throw HermesError(.usage, "no index is to be built")
            }
            defer { lazy.close() }
            return lazy.index
        }
    }

    private func refusal(_ pinned: Digest, index: String? = nil) async -> HermesError? {
        await #expect(throws: HermesError.self) { try await prepare(pinned, index: index) }
    }

    @Test func itIsTakenWhetherListedOrNot() async throws {
        let digest = try image.files().digest
        // The last referrer is another one.
        try copyTwin()
        #expect(try await prepare(digest) == digest)
        let other = try twin.files().digest
        #expect(try await prepare(other) == other, "what the cache was compiled from does not count")
        try image.layout.unlist([digest, other])
        #expect(try await prepare(digest) == digest)
    }

    /// Puts the twin's index into the image's source.
    private func copyTwin() throws {
        let files = try twin.files()
        for blob in files.index.layers {
            try image.layout.writeBlob(try twin.layout.readBlob(blob, limit: 1 << 20))
        }
        try image.layout.addManifest(
            files.index.encoded(), mediaType: SOCIIndex.mediaType, artifactType: SOCIIndex.artifactType)
    }

    @Test func aLayoutMayHaveIt() async throws {
        let digest = try twin.files().digest
        #expect(twin.image.descriptor.digest == image.image.descriptor.digest)
        #expect(await refusal(digest)?.code == .notFound)
        #expect(try await prepare(digest, index: twin.layout.path) == digest)
        #expect(try await prepare(digest) == digest, "the cache has it")
        #expect(await refusal(try image.files().digest, index: twin.layout.path)?.code == .notFound)
    }

    @Test func nothingElseIsTaken() async throws {
        let absent = Digest.of([1])
        let missing = await refusal(absent)
        #expect(missing?.code == .notFound)
        #expect(missing?.message.contains("\(absent)") == true)
        #expect(await refusal(image.image.descriptor.digest)?.code == .unsupported, "the image itself is no index")

        var index = try image.files().index
        index.subject.digest = .of([2])
        let foreign = try image.layout.writeBlob(index.encoded())
        let refused = await refusal(foreign)
        #expect(refused?.code == .corrupt)
        #expect(refused.map { "\($0)".contains("that of another image, \(index.subject.digest)") } == true)

        let path = image.layout.blobPath(foreign)
        try AtomicFile.write([1, 2, 3], to: path, temporaryIn: image.folder.path)
        #expect(await refusal(foreign)?.code == .corrupt)
        #expect(!cache.isCompiled(image.image))
    }

    @Test func aRefusedOneIsNotTaken() async throws {
        let digest = try image.files().digest
        try cache.refuse(digest, of: image.image.descriptor.digest)
        let refused = await refusal(digest)
        #expect(refused?.code == .corrupt)
        #expect(refused?.message.contains("it was refused") == true)
    }
}
