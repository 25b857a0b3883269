import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct ManifestTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private static let blob = #"{"mediaType":"application/x","digest":"\#(digest)","size":5}"#

    private func parse(_ text: String) throws -> ManifestDocument {
        try ManifestDocument.parse(Array(text.utf8), name: "the test")
    }

    @Test func tellsTheKindsApartWithoutAMediaType() throws {
        guard
            case .manifest(let manifest) = try parse(
                #"{"schemaVersion":2,"config":\#(Self.blob),"layers":[\#(Self.blob)]}"#)
        else {
            Issue.record("not a manifest")
            return
        }
        #expect(manifest.layers.map(\.size) == [5])
        guard
            case .index(let index) = try parse(
                #"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"\#(Self.digest)","size":1,"platform":{"#
                    + #""architecture":"arm64","os":"linux","variant":"v8","os.features":["a"]}}]}"#)
        else {
            Issue.record("not an index")
            return
        }
        #expect(index.manifests.first?.platform?.osFeatures == ["a"])
        #expect(index.manifests.first?.platform?.variant == "v8")
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "{", #"{"schemaVersion":2}"#, #"{"schemaVersion":3,"manifests":[]}"#,
        #"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
        #"{"schemaVersion":2,"manifests":[],"config":\#(blob)}"#,
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.manifest)","manifests":[]}"#,
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList)","config":\#(blob),"layers":[]}"#,
        #"{"schemaVersion":2,"config":\#(blob)}"#, #"{"schemaVersion":2,"config":5,"layers":[]}"#,
        #"{"schemaVersion":2,"config":\#(blob),"layers":[{"mediaType":"x","digest":"\#(digest)","size":-1}]}"#,
        #"{"schemaVersion":2,"config":\#(blob),"layers":[{"mediaType":"x","digest":"\#(digest)","size":9223372036854775807}]}"#,
        #"{"schemaVersion":2,"config":\#(blob),"layers":[{"mediaType":"x","digest":"\#(digest)","size":1e30}]}"#,
        #"{"schemaVersion":2,"config":\#(blob),"layers":[{"mediaType":"x","digest":"sha256:../../etc","size":1}]}"#,
        String(repeating: "[", count: 100_000), #"{"config":"# + String(repeating: "{\"a\":", count: 50_000),
    ])
    func refusesWhatIsNoManifest(text: String) {
        let error = #expect(throws: HermesError.self) { try parse(text) }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasPrefix("the test") == true)
    }

    @Test func namesDockersOldFormat() {
        for text in [
            #"{"schemaVersion":1,"name":"a","fsLayers":[]}"#, #"{"schemaVersion":2,"fsLayers":[{}]}"#,
        ] {
            let error = #expect(throws: HermesError.self) { try parse(text) }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("schema 1") == true)
        }
    }

    @Test func refusesWhatIsTooLarge() {
        let error = #expect(throws: HermesError.self) {
            try ManifestDocument.parse([UInt8](repeating: 0x20, count: 4 << 20 + 1), name: "x")
        }
        #expect(error?.code == .corrupt)
    }

    @Test(arguments: [
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", LayerCompression.gzip, false),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", .gzip, true),
        ("application/vnd.oci.image.layer.v1.tar", .none, false),
        ("application/vnd.oci.image.layer.v1.tar+gzip", .gzip, false),
        ("application/vnd.oci.image.layer.v1.tar+zstd", .zstd, false),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", .gzip, true),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", .unknown, false),
        ("application/vnd.wasm.content.layer.v1+wasm", .unknown, false),
    ])
    func layerTypes(mediaType: String, compression: LayerCompression, foreign: Bool) {
        #expect(LayerCompression(mediaType: mediaType) == compression)
        #expect(LayerCompression.isForeign(mediaType: mediaType) == foreign)
    }

    @Test func aConfigurationMustFitItsManifest() throws {
        let text =
            #"{"architecture":"arm64","os":"linux","variant":"v8","rootfs":{"type":"layers","diff_ids":["\#(Self.digest)"]},"#
            + #""config":{"Env":["A=B"]},"history":[]}"#
        let config = try ImageConfig.parse(Array(text.utf8), name: "x")
        #expect(config.platform.description == "linux/arm64")
        let descriptor = Descriptor(mediaType: "x", digest: try Digest(Self.digest), size: 5)
        let two = ImageManifest(config: descriptor, layers: [descriptor, descriptor])
        let error = #expect(throws: HermesError.self) {
            try Image(reference: "x", descriptor: descriptor, manifest: two, config: config)
        }
        #expect(error?.code == .corrupt)
        let one = ImageManifest(config: descriptor, layers: [descriptor])
        let image = try Image(reference: "x", descriptor: descriptor, manifest: one, config: config)
        #expect(image.layers.map(\.diffID) == [descriptor.digest])
    }

    @Test(arguments: [(512, nil), (513, .unsupported)] as [(Int, HermesError.Code?)])
    func anImageHasABoundedNumberOfLayers(count: Int, code: HermesError.Code?) throws {
        let layer = Descriptor(mediaType: "x", digest: try Digest(Self.digest), size: 1)
        let diffIDs = Array(repeating: "\"\(Self.digest)\"", count: count).joined(separator: ",")
        let config = try ImageConfig.parse(
            Array(
                #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[\#(diffIDs)]}}"#.utf8),
            name: "x")
        let manifest = ImageManifest(config: layer, layers: Array(repeating: layer, count: count))
        let result = Result { try Image(reference: "x", descriptor: layer, manifest: manifest, config: config) }
        switch result {
        case .success(let image): #expect(image.layers.count == count && code == nil)
        case .failure(let error): #expect((error as? HermesError)?.code == code)
        }
    }

    @Test(arguments: [[1 << 62, 1 << 62], [.max], [1 << 50, 1], [5, -1]] as [[Int64]])
    func layersHaveSizesWhoseSumStaysInRange(sizes: [Int64]) throws {
        let digest = try Digest(Self.digest)
        let layers = sizes.map { Descriptor(mediaType: "x", digest: digest, size: $0) }
        let config = try ImageConfig.parse(
            Array(
                #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["#.utf8)
                + Array(sizes.map { _ in "\"\(Self.digest)\"" }.joined(separator: ",").utf8) + Array("]}}".utf8),
            name: "x")
        let manifest = ImageManifest(config: layers[0], layers: layers)
        let error = #expect(throws: HermesError.self) {
            try Image(reference: "x", descriptor: layers[0], manifest: manifest, config: config)
        }
        #expect(error?.code == .corrupt)
    }
}
