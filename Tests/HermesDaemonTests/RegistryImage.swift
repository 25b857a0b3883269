import FoundationEssentials
import Glibc
import HermesHTTP
import HermesSupport
import HermesTestKit

@testable import HermesCore

/// An image in a real registry (Debian's docker-registry) of its own, with or without its SOCI index among its referrers.
final class RegistryImage: Sendable {
    let image: Image
    /// The name that it is pulled by.
    let name: String
    /// The chain IDs of its layers, the lowest first.
    let chain: [Digest]
    private let folder: TestFolder
    private let registry: TestRegistry

    /// `layers` are the files of each, by their path; a whiteout is one as well.
    init(_ layers: [[String: String]], isIndexed: Bool = true) throws {
        folder = try TestFolder()
        registry = try TestRegistry()
        let layout = try ImageLayout.openOrCreate(folder.path + "/layout")
        name = "127.0.0.1:\(registry.port)/test/image:latest"
        (image, chain) = try Self.make(layers, in: layout, folder)
        try registry.push(layout: "\(layout.path):latest", to: "test/image:latest")
        guard isIndexed else { return }
        let builder = try IndexBuilder(
            image: image, source: LayoutSource(layout: layout, tag: nil), storage: LayoutIndexStorage(layout),
            spanSize: 4096)
        let report = try builder.build(
            jobs: 1, observer: IndexBuilder.Observer(advanced: { _, _ in }, finished: { _, _ in }))
        let reference = try Reference(name)
        let client = try RegistryClient(for: reference, http: try HTTPClient(metrics: RegistryMetrics.shared.http))
        let source = RegistrySource(client: client, reference: reference)
        try waiting { [image] in try await source.push(report.descriptor, of: image, from: layout) }
    }

    private static func make(
        _ layers: [[String: String]], in layout: ImageLayout, _ folder: TestFolder
    ) throws -> (Image, [Digest]) {
        var descriptors: [Descriptor] = []
        var diffIDs: [Digest] = []
        var chain: [Digest] = []
        for (number, files) in layers.enumerated() {
            let root = "\(folder.path)/layer\(number)"
            for (path, content) in files.sorted(by: { $0.key < $1.key }) {
                let parent = path.contains("/") ? "/" + path[..<(path.lastIndex(of: "/") ?? path.endIndex)] : ""
                try TestTool.run(["mkdir", "-p", root + parent])
                try TestTool.write(Array(content.utf8), to: "\(root)/\(path)")
            }
            try TestTool.run(["tar", "-C", root, "--sort=name", "-cf", root + ".tar", "."])
            let diffID = Digest.of(try TestTool.read(root + ".tar"))
            let blob = try TestTool.run(["gzip", "-n", "-c", root + ".tar"])
            descriptors.append(
                Descriptor(
                    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: try layout.writeBlob(blob),
                    size: Int64(blob.count)))
            diffIDs.append(diffID)
            chain.append(chain.last.map { .of(Array("\($0) \(diffID)".utf8)) } ?? diffID)
        }
        let listed = diffIDs.map { "\"\($0)\"" }.joined(separator: ",")
        // Tests run on both architectures, and a node takes its own only.
        let platform = Platform.host
        let config = Array(
            #"{"architecture":"\#(platform.architecture)","os":"linux","rootfs":{"type":"layers","diff_ids":[\#(listed)]}}"#
                .utf8)
        let manifest = ImageManifest(
            config: Descriptor(
                mediaType: MediaType.config, digest: try layout.writeBlob(config), size: Int64(config.count)),
            layers: descriptors)
        let image = try Image(
            reference: "test", descriptor: try layout.addManifest(try JSON.encode(manifest), tag: "latest"),
            manifest: manifest, config: try ImageConfig.parse(config, name: "the configuration"))
        return (image, chain)
    }

    /// The labels with which containerd asks for the snapshot of the lowest `count` layers.
    func labels(_ count: Int) -> [String: String] {
        [
            "containerd.io/snapshot.ref": "\(chain[count - 1])",
            "containerd.io/snapshot/cri.image-ref": name,
            "containerd.io/snapshot/cri.manifest-digest": "\(image.descriptor.digest)",
            "containerd.io/snapshot/cri.layer-digest": "\(image.layers[count - 1].descriptor.digest)",
        ]
    }

    /// The name of the snapshot of the lowest `count` layers; empty for none.
    func snapshot(_ count: Int) -> String { count == 0 ? "" : "\(chain[count - 1])" }
}
