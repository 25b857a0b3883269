import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

@Suite struct SOCIIndexTests {
    private static let image = Descriptor(
        mediaType: "application/vnd.oci.image.manifest.v1+json", digest: Digest.of(Array("image".utf8)),
        size: 1234,
        annotations: ["left": "out"], platform: Platform(architecture: "amd64", os: "linux"))
    private static let blob = Descriptor(
        mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: Digest.of(Array("layer".utf8)),
        size: 99)
    private static let index = SOCIIndex(
        subject: image,
        layers: [
            SOCIIndex.Layer(
                digest: Digest.of(Array("a".utf8)), size: 10, layer: blob, spanSize: 4 << 20,
                disableXattrs: true),
            SOCIIndex.Layer(
                digest: Digest.of(Array("b".utf8)), size: 20, layer: blob, spanSize: 1 << 20,
                disableXattrs: false),
        ])

    /// As Go's json.Marshal writes the ocispec.Manifest of this index.
    private static let document = """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
        "config":{"mediaType":"application/vnd.amazon.soci.index.v1+json",\
        "digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},\
        "layers":[{"mediaType":"application/octet-stream",\
        "digest":"sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","size":10,\
        "annotations":{"com.amazon.soci.disable-xattrs":"true",\
        "com.amazon.soci.image-layer-digest":"sha256:b5af3e2ddc23556da22e2a7f57bb16db53cd0b2cb2dae4f3a9ff63be20f31a56",\
        "com.amazon.soci.image-layer-mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",\
        "com.amazon.soci.span-size":"4194304"}},\
        {"mediaType":"application/octet-stream",\
        "digest":"sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d","size":20,\
        "annotations":{"com.amazon.soci.image-layer-digest":"sha256:LAYER",\
        "com.amazon.soci.image-layer-mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",\
        "com.amazon.soci.span-size":"1048576"}}],\
        "subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:IMAGE","size":1234},\
        "annotations":{"com.amazon.soci.build-tool-identifier":"AWS SOCI CLI v0.2"}}
        """
        .replacing(
            "sha256:b5af3e2ddc23556da22e2a7f57bb16db53cd0b2cb2dae4f3a9ff63be20f31a56", blob.digest.description
        )
        .replacing("sha256:LAYER", blob.digest.description).replacing(
            "sha256:IMAGE", image.digest.description)

    @Test func isEncodedAsGoDoes() {
        #expect(Self.index.encoded().text == Self.document)
    }

    @Test func isReadAsWritten() throws {
        let read = try SOCIIndex(decoding: Self.index.encoded())
        #expect(read == Self.index)
        let layers = try read.ztocs()
        #expect(layers.map(\.layerDigest) == [Self.blob.digest, Self.blob.digest])
        #expect(layers.map(\.spanSize) == [4 << 20, 1 << 20])
        #expect(layers.map(\.disableXattrs) == [true, false])
        #expect(layers.map(\.descriptor) == read.layers)
    }

    @Test func listsCompressedForms() throws {
        var layers = try Self.index.ztocs()
        layers[1].compressed = SOCIIndex.Compressed(digest: Digest.of(Array("c".utf8)), size: 7)
        let index = SOCIIndex(subject: Self.image, layers: layers)
        #expect(index.layers.count == 3)
        let read = try SOCIIndex(decoding: index.encoded())
        #expect(try read.ztocs() == layers)
        // One that does not say which zTOC it is of is an artifact like any other.
        var other = index
        other.layers[2].annotations = nil
        #expect(try other.ztocs() == Self.index.ztocs())
    }

    @Test func escapesAsGo() {
        var output: [UInt8] = []
        GoJSON.write("\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1b}\u{7f}<>&é😀\u{2028}\u{2029}\u{fffd}'", into: &output)
        #expect(
            output.text
                == #""\"\\/\b\f\n\r\t\u0000\u001b"# + "\u{7f}" + #"\u003c\u003e\u0026é😀\u2028\u2029"#
                + "\u{fffd}'\"")
    }

    @Test func encodesEveryMemberOfADescriptor() {
        let descriptor = Descriptor(
            mediaType: "a/b", digest: Digest.of([]), size: 0, urls: ["http://x/?a&b"],
            annotations: ["é": "1", "z": "2", "😀": "3", "\u{ffee}": "4"], data: "e30=",
            platform: Platform(
                architecture: "arm64", os: "linux", variant: "v8", osVersion: "1", osFeatures: ["f", "g"]),
            artifactType: "c/d")
        var output: [UInt8] = []
        GoJSON.write(descriptor, into: &output)
        #expect(
            output.text == """
                {"mediaType":"a/b","digest":"\(Digest.of([]))","size":0,"urls":["http://x/?a\\u0026b"],\
                "annotations":{"z":"2","é":"1","\u{ffee}":"4","😀":"3"},"data":"e30=",\
                "platform":{"architecture":"arm64","os":"linux","os.version":"1","os.features":["f","g"],\
                "variant":"v8"},"artifactType":"c/d"}
                """)
        // Empty members are left out, as with "omitempty".
        output = []
        GoJSON.write(
            Descriptor(
                mediaType: "", digest: Digest.of([]), size: 1, urls: [], annotations: [:], data: "",
                artifactType: ""),
            into: &output)
        #expect(output.text == "{\"mediaType\":\"\",\"digest\":\"\(Digest.of([]))\",\"size\":1}")
    }

    @Test func toleratesWhatOthersWrite() throws {
        let spaced = Self.document.replacing(",\"", with: " ,\n \"")
            .replacing("\"schemaVersion\":2", with: "\"unknown\":[{}], \"schemaVersion\" : 2")
            .replacing("\"com.amazon.soci.span-size\":\"1048576\"", with: "\"other\":\"x\"")
        let read = try SOCIIndex(decoding: Array((spaced + "\n").utf8))
        #expect(try read.ztocs().map(\.spanSize) == [4 << 20, nil])
        // An artifact of another kind is no zTOC.
        let prefetch = Self.document.replacing(
            "\"layers\":[",
            with: """
                "layers":[{"mediaType":"application/vnd.amazon.soci.prefetch.v1+json","digest":"\(Digest.of([]))","size":3},
                """)
        #expect(try SOCIIndex(decoding: Array(prefetch.utf8)).ztocs().count == 2)
        #expect(try SOCIIndex(decoding: Array(prefetch.utf8)).layers.count == 3)
    }

    @Test(arguments: [
        ("\"schemaVersion\":2", "\"schemaVersion\":1"), ("\"size\":10", "\"size\":-10"),
        ("\"size\":10", "\"size\":0"),
        ("\"size\":10", "\"size\":99999999999999999999"), ("\"size\":10", "\"size\":\"10\""),
        ("sha256:ca97", "sha256:xx97"), ("sha256:ca97", "sha512:ca97"), ("\"subject\":", "\"object\":"),
        ("\"4194304\"", "\"-1\""), ("\"4194304\"", "\"4M\""),
        ("soci.image-layer-digest", "soci.image-digest"),
        ("soci.index.v1", "soci.index.v2"), ("image.manifest.v1", "image.index.v1"),
        ("\"layers\":[", "\"layers\":{"), ("}}", "}"),
    ])
    func refusesWhatIsNoIndex(old: String, new: String) {
        let document = Self.document.replacing(old, with: new)
        #expect(document != Self.document)
        let error = #expect(throws: HermesError.self) { try SOCIIndex(decoding: Array(document.utf8)) }
        #expect(error?.description.contains("\n") == false)
    }

    @Test func refusesNestingAndSize() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: HermesError.self) { try SOCIIndex(decoding: Array("{\"a\":\(deep)".utf8)) }
        #expect(throws: HermesError.self) {
            try SOCIIndex(decoding: Array((Self.document + String(repeating: " ", count: 5 << 20)).utf8))
        }
    }
}

extension String {
    /// The text with every `old` replaced.
    fileprivate func replacing(_ old: String, _ new: String) -> String { replacing(old, with: new) }
}
