import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct ImageLayoutTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    private func tool(_ layout: ImageLayout, _ text: String) throws -> String {
        try TestProcess.run([
            "skopeo", "--insecure-policy", "inspect", "--raw", "oci:\(layout.path)\(text)",
        ])
    }

    @Test func readsWhatUmociMade() async throws {
        let layout = try RealRegistry.makeImage(in: folder)
        let source = try ImageSources.open("oci:\(layout.path):v1")
        #expect(source.name == "oci:\(layout.path):v1")
        let image = try await source.resolve(platform: .host)
        #expect(image.layers.count == 2)
        // Without a tag, the only image is meant.
        let untagged = try await ImageSources.open("oci:\(layout.path)").resolve(platform: .host)
        #expect(untagged.descriptor.digest == image.descriptor.digest)

        let layer = image.layers[0].descriptor
        let bytes = try readAll(source.openBlob(layer))
        #expect(Digest.of(bytes) == layer.digest)
        let range = try await collect {
            source.fetchRange(
                of: layer.digest, range: 100_000..<600_000, terms: .background, deliver: $0, completion: $1)
        }
        #expect(range == Array(bytes[100_000..<600_000]))
        let error = await #expect(throws: HermesError.self) {
            try await collect {
                source.fetchRange(
                    of: layer.digest, range: layer.size - 5..<layer.size + 5, terms: .background, deliver: $0,
                    completion: $1)
            }
        }
        #expect(error?.code == .corrupt)
        let missing = await #expect(throws: HermesError.self) {
            try await ImageSources.open("oci:\(layout.path):v2").resolve(platform: .host)
        }
        #expect(missing?.code == .notFound)
        #expect(missing?.advice == "it has the tags v1")
    }

    @Test func damageIsFound() async throws {
        let layout = try RealRegistry.makeImage(in: folder)
        let source = try ImageSources.open("oci:\(layout.path):v1")
        let image = try await source.resolve(platform: .host)
        let path = layout.blobPath(image.manifest.config.digest)
        var bytes = try LocalFile.read(path, limit: 1 << 20)
        bytes[bytes.count / 2] ^= 1
        try AtomicFile.write(bytes, to: path, temporaryIn: folder.path)
        let error = await #expect(throws: HermesError.self) { try await source.resolve(platform: .host) }
        #expect(error?.code == .corrupt)
        try AtomicFile.write(
            [1], to: layout.blobPath(image.layers[0].descriptor.digest), temporaryIn: folder.path)
        #expect(throws: HermesError.self) { try source.openBlob(image.layers[0].descriptor) }
    }

    @Test func writesWhatSkopeoReads() async throws {
        let layout = try ImageLayout.openOrCreate("\(folder.path)/new")
        let config = Array(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.utf8)
        let manifest = ImageManifest(
            config: Descriptor(
                mediaType: MediaType.config, digest: try layout.writeBlob(config), size: Int64(config.count)),
            layers: [])
        let bytes = try JSON.encode(manifest)
        let entry = try layout.addManifest(bytes, tag: "one", annotations: ["a": "b"])
        #expect(try tool(layout, ":one").trimmingASCIISpace == String(decoding: bytes, as: UTF8.self))

        // An artifact about it, found as its referrer; the entry of the image stays.
        let artifact = ImageManifest(
            config: Descriptor(
                mediaType: "application/x.thing", digest: try layout.writeBlob(Array("{}".utf8)), size: 2),
            layers: [],
            subject: Descriptor(mediaType: MediaType.manifest, digest: entry.digest, size: entry.size),
            annotations: ["note": "x"])
        let added = try layout.addManifest(JSON.encode(artifact), artifactType: "application/x.thing")
        let source = try ImageSources.open("oci:\(layout.path)")
        let found = try await source.referrers(of: entry.digest, artifactType: "application/x.thing")
        #expect(found.map(\.digest) == [added.digest])
        #expect(found.first?.annotations == ["note": "x"])
        #expect(try await source.referrers(of: entry.digest, artifactType: "other") == [])
        #expect(try await source.root() == entry)

        // The same tag moves, the same digest is replaced.
        try layout.addManifest(JSON.encode(artifact), artifactType: "application/x.other")
        #expect(try layout.imageIndex().manifests.count == 2)
        #expect(try ImageLayout.openOrCreate(layout.path).imageIndex().manifests.count == 2)
    }

    @Test func aBlobWithAnotherDigestLeavesNothing() throws {
        let layout = try ImageLayout.openOrCreate("\(folder.path)/new")
        let writer = try ImageLayout.BlobWriter(layout)
        try Array("abc".utf8).withUnsafeBytes { try writer.write($0) }
        let error = #expect(throws: HermesError.self) { try writer.finish(expecting: .of(Array("abd".utf8))) }
        #expect(error?.code == .corrupt)
        func dropped() throws { _ = try ImageLayout.BlobWriter(layout) }
        try dropped()
        #expect(try TestProcess.run(["find", "\(layout.path)/blobs", "-type", "f"]) == "")
    }

    @Test func writersDoNotLoseEachOthersEntries() async throws {
        let path = "\(folder.path)/shared"
        try await withThrowingTaskGroup { group in
            for index in 0..<8 {
                group.addTask {
                    try await onBlockingThread {
                        let layout = try ImageLayout.openOrCreate(path)
                        let bytes = Array(
                            #"{"schemaVersion":2,"manifests":[],"annotations":{"n":"\#(index)"}}"#.utf8)
                        try layout.addManifest(bytes, mediaType: MediaType.index, tag: "tag\(index)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let tags = try ImageLayout(path).imageIndex().manifests.compactMap {
            $0.annotations?[ImageLayout.tagAnnotation]
        }
        #expect(tags.sorted() == (0..<8).map { "tag\($0)" })
    }

    @Test(arguments: ["oci:", "oci::tag", "oci:dir:"])
    func refusesOddNames(text: String) {
        let error = #expect(throws: HermesError.self) { try ImageSources.open(text) }
        #expect(error?.code == .usage)
    }

    @Test func whatIsNoLayoutIsNamed() {
        let error = #expect(throws: HermesError.self) { try ImageSources.open("oci:\(folder.path)") }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains(folder.path) == true)
    }
}
