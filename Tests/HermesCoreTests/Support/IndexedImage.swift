import FoundationEssentials
import HermesTestKit
import Logging

@testable import HermesCore
@testable import HermesSupport

/// An image in an OCI layout of its own, with its SOCI index.
final class IndexedImage: Sendable {
    /// How a layer is packed.
    enum Packing: Sendable {
        case gzip(GzipCorpus.Variant)
        case plain
    }

    /// The uncompressed layers, from the bottom up.
    let archives: [[UInt8]]
    let image: Image
    let layout: ImageLayout
    let folder: TestFolder
    var source: LayoutSource { LayoutSource(layout: layout, tag: nil) }

    /// `spanSize` is in uncompressed bytes.
    init(_ layers: [(archive: [UInt8], packing: Packing)], spanSize: Int64) throws {
        archives = layers.map(\.archive)
        folder = try TestFolder()
        layout = try ImageLayout.openOrCreate(folder.path + "/layout")
        var descriptors: [Descriptor] = []
        for (archive, packing) in layers {
            let isPlain = if case .plain = packing { true } else { false }
            let blob =
                if case .gzip(let variant) = packing { try GzipCorpus.compressed(variant, archive) } else { archive }
            descriptors.append(
                Descriptor(
                    mediaType: "application/vnd.oci.image.layer.v1.tar" + (isPlain ? "" : "+gzip"),
                    digest: try layout.writeBlob(blob), size: Int64(blob.count)))
        }
        let diffIDs = archives.map { "\"\(Digest.of($0))\"" }.joined(separator: ",")
        let config = Array(
            #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[\#(diffIDs)]}}"#.utf8)
        let manifest = ImageManifest(
            config: Descriptor(
                mediaType: MediaType.config, digest: try layout.writeBlob(config), size: Int64(config.count)),
            layers: descriptors)
        image = try Image(
            reference: "test", descriptor: try layout.addManifest(try JSON.encode(manifest), tag: "v1"),
            manifest: manifest, config: try ImageConfig.parse(config, name: "the configuration"))
        let builder = try IndexBuilder(
            image: image, source: LayoutSource(layout: layout, tag: nil), storage: LayoutIndexStorage(layout),
            spanSize: spanSize)
        _ = try builder.build(jobs: 2, observer: IndexBuilder.Observer(advanced: { _, _ in }, finished: { _, _ in }))
    }

    /// The index with its zTOCs.
    func files() throws -> IndexFiles { try IndexFiles.find(image, in: layout) }

    /// The layers, ready to be read, their caches in `cache` (or the image's own folder).
    func lazyLayers(in cache: String? = nil) throws -> [LazyLayer] {
        let files = try files()
        let views = try files.views()
        return try zip(views, image.layers).enumerated().map { index, pair in
            let path = "\(cache ?? folder.path)/cache\(index)"
            if (try? SpanMap(path + "/spans")) == nil {
                try TestTool.run(["mkdir", "-p", path])
                try SpanMap.compile(pair.0, in: path)
            }
            return try LazyLayer(pair.1, folder: path)
        }
    }

    /// Two threads that inflate for all tests, which live as long as the process.
    static let threads: FetchThreads = {
        do { return try FetchThreads(inflating: 2) } catch { preconditionFailure("no threads: \(error)") }
    }()

    /// A log that goes nowhere.
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
