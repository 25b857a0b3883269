import Glibc
import Logging

/// The folder in which a node keeps what mounts need: compiled trees, compiled spans and cached data.
///
/// ```
/// images/<manifest digest>/image      which index and zTOCs the tree is compiled from (JSON)
/// images/<manifest digest>/tree       the merged tree (ImageTree)
/// layers/<layer digest>.<zTOC digest, 16 digits>/spans, data, present
///                                     the spans (SpanMap) and the cached data (SpanStore)
/// ```
/// Layers are shared between images. Everything is private to its owner: images may hold secrets. Files are replaced
/// whole, so several processes can use one folder, and one that is killed leaves nothing that the next cannot use.
public struct ImageCache: Sendable {
    /// The folder.
    public let path: String

    /// What the tree of an image was compiled from.
    private struct Record: Codable {
        /// Raised when the compiled files change, so that older ones are made anew.
        static let currentFormat = 1
        var format: Int
        var index: Digest
        var ztocs: [Digest]
    }

    /// Opens a cache folder, making it where it is missing.
    public init(_ path: String) throws {
        self.path = path
        for folder in [path, "\(path)/images", "\(path)/layers"] where mkdir(folder, 0o700) != 0 && errno != EEXIST {
            throw HermesError.file("make the folder", folder, .last)
        }
    }

    /// Whether an image is compiled here: from the index with digest `index`, or from any.
    public func isCompiled(_ image: Image, index: Digest? = nil) -> Bool {
        guard let record = try? record(image), index == nil || record.index == index else { return false }
        return (try? ImageTree(imageFolder(image) + "/tree")) != nil
            && zip(image.layers, record.ztocs).allSatisfy { layer, ztoc in
                (try? SpanMap(layerFolder(layer, ztoc) + "/spans")) != nil
            }
    }

    /// Compiles an image's index. What is already compiled stays.
    public func compile(_ image: Image, _ files: IndexFiles) throws {
        let views = try files.views()
        for ((layer, file), view) in zip(zip(image.layers, files.layers), views) {
            let folder = layerFolder(layer, file.ztoc.digest)
            guard (try? SpanMap(folder + "/spans")) == nil else { continue }
            try make(folder)
            try SpanMap.compile(view, in: folder)
        }
        let folder = imageFolder(image)
        try make(folder)
        try ImageTree.compile(views, in: folder)
        // The record comes last: what it names is there.
        let record = Record(
            format: Record.currentFormat, index: files.digest, ztocs: files.layers.map(\.ztoc.digest))
        try AtomicFile.write(try JSON.encode(record), to: folder + "/image", temporaryIn: folder)
    }

    /// Opens a compiled image as a file system whose absent data come from `source`. `workers` threads inflate.
    public func open(
        _ image: Image, source: any ImageSource, workers: Int, log: Logger
    ) throws -> ImageFilesystem {
        let record = try record(image)
        let layers = try zip(image.layers, record.ztocs).map { layer, ztoc in
            try LazyLayer(layer, folder: layerFolder(layer, ztoc))
        }
        let tree = try ImageTree(imageFolder(image) + "/tree")
        let scheduler = try SpanScheduler(source: source, layers: layers, workers: workers, log: log)
        do {
            return try ImageFilesystem(tree: tree, layers: layers, scheduler: scheduler)
        } catch {
            scheduler.stop()
            throw error
        }
    }

    private func record(_ image: Image) throws -> Record {
        let path = imageFolder(image) + "/image"
        let record = try JSON.decode(Record.self, from: try LocalFile.read(path, limit: 1 << 20), name: path)
        guard record.format == Record.currentFormat, record.ztocs.count == image.layers.count else {
            throw HermesError(.corrupt, "\(path) is not of this image or version")
        }
        return record
    }

    private func make(_ folder: String) throws {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw HermesError.file("make the folder", folder, .last)
        }
    }

    private func imageFolder(_ image: Image) -> String { "\(path)/images/\(image.descriptor.digest.hex)" }

    private func layerFolder(_ layer: Image.Layer, _ ztoc: Digest) -> String {
        "\(path)/layers/\(layer.descriptor.digest.hex).\(ztoc.hex.prefix(16))"
    }
}
