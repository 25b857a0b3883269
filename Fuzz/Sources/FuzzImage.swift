import Glibc
import Logging

@testable import HermesCore
@testable import HermesSupport

/// An image in memory, and the cache by which it is opened as a mount opens it. Its folder goes with the value; there is one at a
/// time.
final class FuzzImage {
    let layout: ImageLayout
    let cache: ImageCache
    private let folder = FuzzFiles.folder + "/image"
    private var layers: [Descriptor] = []
    private var diffIDs: [Digest] = []

    static let threads = Result { try FetchThreads(inflating: 2) }

    init() throws {
        Self.remove(folder)
        check(mkdir(folder, 0o700) == 0, "cannot make \(folder)")
        layout = try ImageLayout.openOrCreate(folder + "/layout")
        cache = try ImageCache(folder + "/cache")
    }

    deinit { Self.remove(folder) }

    /// Goes as deep as Hermes made folders here.
    private static func remove(_ path: String) {
        guard unlink(path) != 0 else { return }
        for name in (try? FolderListing.names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    /// Adds a layer above those that are there. `size` is what the manifest says of the blob.
    func add(_ blob: Digest, size: Int64, isGzip: Bool, diffID: Digest) {
        layers.append(
            Descriptor(
                mediaType: "application/vnd.oci.image.layer.v1.tar" + (isGzip ? "+gzip" : ""), digest: blob, size: size)
        )
        diffIDs.append(diffID)
    }

    /// The image of the layers so far.
    func image() throws -> Image {
        let config = try JSON.encode(
            ImageConfig(architecture: "amd64", os: "linux", rootfs: .init(type: "layers", diffIDs: diffIDs)))
        let manifest = ImageManifest(
            config: Descriptor(
                mediaType: MediaType.config, digest: try layout.writeBlob(config), size: Int64(config.count)),
            layers: layers)
        return try Image(
            reference: "fuzz", descriptor: try layout.addManifest(try JSON.encode(manifest), tag: "v1"),
            manifest: manifest, config: try ImageConfig.parse(config, name: "the configuration"))
    }

    /// Compiles the newest index of an image in the layout, opens the image and calls `body` with it.
    func open(_ image: Image, _ body: (LazyImage) throws -> Void) throws {
        try cache.compile(image, try IndexFiles.find(image, in: layout))
        let lazy = try cache.open(
            image, source: LayoutSource(layout: layout, tag: nil), threads: Self.threads.get(),
            log: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        defer { lazy.close() }
        try body(lazy)
    }

    /// Adds an index of an image whose layers have these zTOCs, from the bottom.
    func addIndex(of image: Image, _ ztocs: [[UInt8]]) throws {
        let layers = try zip(image.layers, ztocs).map { layer, ztoc in
            SOCIIndex.Layer(
                digest: try layout.writeBlob(ztoc), size: Int64(ztoc.count), layer: layer.descriptor, spanSize: 1,
                disableXattrs: false)
        }
        _ = try LayoutIndexStorage(layout).add(SOCIIndex(subject: image.descriptor, layers: layers), of: image)
    }
}
