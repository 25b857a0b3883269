import Glibc
import HermesSupport
import Logging

/// Makes the zTOCs of layers that an image's index does not list. soci-snapshotter builds such indexes: they leave out layers below
/// 10 MiB, which it pulls as a whole.
///
/// Safe for use from any thread that may block.
package struct LeftOutLayers: Sendable {
    /// Bytes of blobs that are read before a deadline. More than that hardly comes in time, and would be read again for each Pod.
    private static let limit: Int64 = 64 << 20

    private let source: any ImageSource
    private let folder: String
    private let deadline: Monotonic?
    private let log: Logger

    /// The blobs come from `source`, the image's own, until `deadline` if there is one; zTOCs are stored in `folder` without a name.
    package init(_ source: any ImageSource, in folder: String, until deadline: Monotonic? = nil, log: Logger) {
        self.source = source
        self.folder = folder
        self.deadline = deadline
        self.log = log
    }

    /// Whether a layer can be indexed where it is used.
    package static func takes(_ layer: Image.Layer) -> Bool {
        let isGiven = !layer.isForeign || layer.descriptor.urls?.isEmpty ?? true
        return isGiven && (layer.compression == .gzip || layer.compression == .none)
    }

    /// Tells the log of the layers that `make` is to be called for. Throws `unsupported` where one of them cannot be indexed, or they
    /// are too large for the deadline.
    func begin(_ layers: [Image.Layer], of image: Image) throws {
        for layer in layers {
            guard Self.takes(layer) else { throw IndexFiles.leavesOut(layer, of: image) }
        }
        let size = layers.reduce(0) { $0 + $1.descriptor.size }
        guard deadline == nil || size <= Self.limit else {
            throw HermesError(
                .unsupported,
                "the index of \(image.reference) leaves out layers of \(size) bytes, too many to index before a start",
                advice: "build it again with hermes index build")
        }
        log.info(
            "the index leaves out layers: they are indexed here",
            metadata: ["image": "\(image.reference)", "layers": "\(layers.count)", "bytes": "\(size)"])
    }

    /// Reads the blob of a layer. Throws as `LayerIndexer`, `unavailable` at the deadline, and the file errors of the folder.
    func make(_ layer: Image.Layer) throws -> (ztoc: SOCIIndex.Layer, file: MappedFile) {
        let file = try OpenFile.unnamed("zTOC", in: folder)
        var size: Int64 = 0
        let summary = try LayerIndexer.index(
            layer, from: try source.openBlob(layer.descriptor, until: deadline), spanSize: LayerIndexer.usualSpanSize,
            to: { bytes in
                try file.write(bytes, at: size)
                size += Int64(bytes.count)
            },
            progress: { _ in
                guard deadline.map({ Monotonic.now() < $0 }) ?? true else {
                    throw HermesError(
                        .unavailable, "layer \(layer.descriptor.digest), which the index leaves out, came too late")
                }
            })
        let mapped = try MappedFile(file)
        let ztoc = SOCIIndex.Layer(
            digest: Digest.of(mapped.readOnly), size: size, layer: layer.descriptor,
            spanSize: LayerIndexer.usualSpanSize, disableXattrs: summary.hasNoXattrs)
        return (ztoc, mapped)
    }
}
