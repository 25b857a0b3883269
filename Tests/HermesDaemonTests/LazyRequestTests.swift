import HermesSupport
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesDaemon

/// What containerd's labels ask for, and which layers of an image that is.
@Suite struct LazyRequestTests {
    private static let digest = Digest.of([1])
    private static let labels = [
        "containerd.io/snapshot.ref": "\(Digest.of([2]))",
        "containerd.io/snapshot/cri.image-ref": "registry.example:5000/team/app:1.2",
        "containerd.io/snapshot/cri.manifest-digest": "\(digest)",
        "containerd.io/snapshot/cri.layer-digest": "\(Digest.of([3]))",
    ]

    @Test func labelsOfALayer() throws {
        let request = try #require(LazyRequest(Self.labels))
        #expect(request.target == .of([2]))
        #expect(request.manifest == Self.digest)
        #expect(request.layer == .of([3]))
        #expect(request.reference.description == "registry.example:5000/team/app:1.2")
    }

    @Test(arguments: ["containerd.io/snapshot.ref", "cri.image-ref", "cri.manifest-digest"])
    func aMissingLabelAsksForNothing(label: String) {
        #expect(LazyRequest(Self.labels.filter { !$0.key.hasSuffix(label) }) == nil)
    }

    @Test func theLayerNeedNotBeNamed() throws {
        for value in [nil, "", "sha256:", "no digest"] {
            var labels = Self.labels
            labels["containerd.io/snapshot/cri.layer-digest"] = value
            #expect(try #require(LazyRequest(labels)).layer == nil)
        }
    }

    @Test(arguments: [
        ("containerd.io/snapshot.ref", "sha256:" + String(repeating: "A", count: 64)),
        ("containerd.io/snapshot.ref", "sha256:" + String(repeating: "a", count: 63)),
        ("containerd.io/snapshot.ref", "sha256:" + String(repeating: "a", count: 65)),
        ("containerd.io/snapshot.ref", "../../" + String(repeating: "a", count: 64)),
        ("containerd.io/snapshot/cri.manifest-digest", ""),
        ("containerd.io/snapshot/cri.manifest-digest", "sha512:" + String(repeating: "a", count: 128)),
        ("containerd.io/snapshot/cri.image-ref", ""),
        ("containerd.io/snapshot/cri.image-ref", "http://registry.example/app"),
        ("containerd.io/snapshot/cri.image-ref", "registry.example/../../etc"),
        ("containerd.io/snapshot/cri.image-ref", "registry.example/app\n:1"),
        ("containerd.io/snapshot/cri.image-ref", String(repeating: "a/", count: 100_000)),
    ])
    func hostileLabelsAskForNothing(label: String, value: String) {
        var labels = Self.labels
        labels[label] = value
        #expect(LazyRequest(labels) == nil)
    }

    /// An image of layers with these contents: the blob of "x" is compressed, so its digest is that of "blob x".
    private func image(_ contents: [String]) throws -> Image {
        let diffIDs = contents.map { "\"\(Digest.of(Array($0.utf8)))\"" }.joined(separator: ",")
        let config = #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[\#(diffIDs)]}}"#
        let descriptor = { (kind: String, text: String) in
            Descriptor(mediaType: kind, digest: .of(Array(text.utf8)), size: Int64(text.utf8.count))
        }
        let manifest = ImageManifest(
            config: descriptor(MediaType.config, config),
            layers: contents.map { descriptor("application/vnd.oci.image.layer.v1.tar+gzip", "blob \($0)") })
        return try Image(
            reference: "test", descriptor: descriptor("application/vnd.oci.image.manifest.v1+json", "manifest"),
            manifest: manifest, config: try ImageConfig.parse(Array(config.utf8), name: "the configuration"))
    }

    private func request(_ target: Digest, layer: String? = nil) throws -> LazyRequest {
        var labels = Self.labels
        labels["containerd.io/snapshot.ref"] = "\(target)"
        labels["containerd.io/snapshot/cri.layer-digest"] = layer.map { "\(Digest.of(Array("blob \($0)".utf8)))" }
        return try #require(LazyRequest(labels))
    }

    @Test func chainIDsCountLayers() throws {
        // The last layer is the first again: only the chain tells them apart.
        let contents = ["one", "two", "three", "one"]
        let image = try image(contents)
        // By another program, from the specification's words: SHA-256 of the chain so far, a space, the diff ID.
        let script = """
            import hashlib, sys
            chain = None
            for text in sys.argv[1:]:
                diff = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
                chain = diff if chain is None else "sha256:" + hashlib.sha256((chain + " " + diff).encode()).hexdigest()
                print(chain)
            """
        let chain = try TestTool.run([TestTool.python, "-c", script] + contents).text.split(separator: "\n")
            .compactMap { Digest.parse($0.utf8) }
        #expect(chain.count == 4)
        for (index, target) in chain.enumerated() {
            #expect(image.layerCount(for: try request(target)) == index + 1)
            #expect(image.layerCount(for: try request(target, layer: contents[index])) == index + 1)
            #expect(image.layerCount(for: try request(target, layer: "other")) == nil)
        }
        // A diff ID or a blob's digest is the name of no snapshot above the lowest.
        #expect(image.layerCount(for: try request(.of(Array("two".utf8)))) == nil)
        #expect(image.layerCount(for: try request(.of(Array("blob one".utf8)))) == nil)
        #expect(image.layerCount(for: try request(chain[0], layer: "two")) == nil)
        #expect(try self.image(["two", "one"]).layerCount(for: try request(chain[1])) == nil)
    }

    @Test func anImageOfNoLayersFitsNothing() throws {
        #expect(try image([]).layerCount(for: try request(.of([9]))) == nil)
    }
}
