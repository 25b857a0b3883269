import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The choice among the manifests of an index.
@Suite struct ImageResolveTests {
    private let folder: TestFolder
    private let layout: ImageLayout

    init() throws {
        folder = try TestFolder()
        layout = try ImageLayout.openOrCreate("\(folder.path)/layout")
    }

    /// An image of no layers for a platform; the note makes manifests differ.
    private func manifest(_ platform: String, note: String = "") throws -> Descriptor {
        let platform = try Platform(parsing: platform)
        let config = Array(
            ("{\"architecture\":\"\(platform.architecture)\",\"os\":\"\(platform.os)\","
                + "\"variant\":\"\(platform.variant ?? "")\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}")
                .utf8)
        let manifest = ImageManifest(
            config: Descriptor(
                mediaType: MediaType.config, digest: try layout.writeBlob(config), size: Int64(config.count)),
            layers: [], annotations: ["note": note])
        let bytes = try JSON.encode(manifest)
        return Descriptor(
            mediaType: MediaType.manifest, digest: try layout.writeBlob(bytes), size: Int64(bytes.count),
            platform: platform)
    }

    private func index(_ entries: [Descriptor]) throws -> Descriptor {
        let bytes = try JSON.encode(ImageIndex(manifests: entries))
        return Descriptor(
            mediaType: MediaType.index, digest: try layout.writeBlob(bytes), size: Int64(bytes.count))
    }

    private func resolve(_ entries: [Descriptor], _ platform: String) async throws -> Image {
        try layout.addManifest(
            JSON.encode(ImageIndex(manifests: entries)), mediaType: MediaType.index, tag: "test")
        return try await ImageSources.open("oci:\(layout.path):test").resolve(
            platform: Platform(parsing: platform))
    }

    @Test func theBestOneAndNotTheFirstIsChosen() async throws {
        let old = try manifest("linux/arm/v6")
        let best = try manifest("linux/arm64")
        let again = try manifest("linux/arm64/v8", note: "second")
        let image = try await resolve([try manifest("linux/amd64"), old, best, again], "linux/arm64/v8")
        #expect(image.descriptor.digest == best.digest)
        #expect(try await resolve([old], "linux/arm64").descriptor.digest == old.digest)
    }

    @Test func artifactsAndAttestationsAreNoImages() async throws {
        var soci = try manifest("linux/amd64", note: "soci")
        soci.artifactType = "application/vnd.amazon.soci.index.v2+json"
        var attestation = try manifest("linux/amd64", note: "attestation")
        attestation.platform = Platform(architecture: "unknown", os: "unknown")
        let image = try manifest("linux/amd64")
        #expect(
            try await resolve([soci, attestation, image], "linux/amd64").descriptor.digest == image.digest)
        let error = await #expect(throws: HermesError.self) {
            try await resolve([soci, attestation], "linux/amd64")
        }
        #expect(error?.code == .notFound)
        let others = [try manifest("linux/s390x"), try manifest("linux/ppc64le"), attestation]
        let listed = await #expect(throws: HermesError.self) { try await resolve(others, "linux/amd64") }
        #expect(listed?.advice == "it has linux/s390x, linux/ppc64le")
    }

    @Test func indexesMayNestAndLeavePlatformsOut() async throws {
        var nameless = try manifest("linux/amd64")
        nameless.platform = nil
        let nested = try index([try index([try manifest("linux/arm64"), nameless])])
        #expect(try await resolve([nested], "linux/amd64").descriptor.digest == nameless.digest)
        #expect(try await resolve([nested], "linux/amd64").descriptor.platform?.description == "linux/amd64")
    }

    @Test func indexesWithoutEndAreRefused() async throws {
        var deep = try index([try manifest("linux/amd64")])
        for _ in 0..<6 { deep = try index([deep]) }
        var wide: [Descriptor] = []
        for number in 0..<70 { wide.append(try index([try manifest("linux/arm64", note: "\(number)")])) }
        var nameless: [Descriptor] = []
        for number in 0..<70 {
            var entry = try manifest("linux/arm64", note: "\(number)")
            entry.platform = nil
            nameless.append(entry)
        }
        for entries in [[deep], wide, nameless] {
            let error = await #expect(throws: HermesError.self) { try await resolve(entries, "linux/amd64") }
            #expect(error?.code == .corrupt)
        }
    }

    @Test func whatIsListedAsSomethingElseIsRefused() async throws {
        var liar = try index([])
        liar.mediaType = MediaType.manifest
        liar.platform = try Platform(parsing: "linux/amd64")
        var other = try manifest("linux/amd64")
        other.mediaType = MediaType.dockerManifestList
        for entry in [liar, other] {
            let error = await #expect(throws: HermesError.self) { try await resolve([entry], "linux/amd64") }
            #expect(error?.code == .corrupt)
        }
    }
}
