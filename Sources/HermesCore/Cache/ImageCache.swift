import Glibc
import HermesSupport
import Logging

/// The folder in which a node keeps the data that mounts need: compiled trees, compiled spans and cached data.
///
/// ```
/// images/<manifest digest>/image      which index and zTOCs the tree is compiled from (JSON)
/// images/<manifest digest>/tree       the merged tree (ImageTree); "tree.<n>.<index digest>" is that of the n lowest layers
/// layers/<layer digest>.<zTOC digest>/spans, data, present, ztoc
///                                     the spans (SpanMap), the cached data (SpanStore) and what more the zTOC has
/// documents/<digest>                  manifests and configurations, byte for byte
/// references/<SHA-256 of the name>    what a reference named when its registry was last asked (JSON)
/// startups/<manifest digest>          which spans a start of the image touched, in order (JSON)
/// refused/<manifest digest>           the indexes of the image that are not to be used (JSON)
/// index/                              the indexes that were built here, an OCI layout
/// ```
/// Layers are shared between images. Everything is private to its owner: images may hold secrets. Files are replaced
/// whole, so several processes can use one folder, and one that is killed leaves nothing that the next cannot use.
package struct ImageCache: Sendable {
    /// The folder.
    package let path: String
    /// The layers that are open; copies of this value share them.
    let openLayers = OpenLayers()

    /// The documents from which the tree of an image was compiled.
    struct Record: Codable {
        /// Raised when the compiled files change, so that older ones are made anew.
        static let currentFormat = 3
        var format: Int
        var index: Digest
        /// The blobs and the zTOCs of the layers, lowest first.
        var layers: [Digest]
        var ztocs: [Digest]
    }

    /// Opens a cache folder, making it where it is missing. Throws `denied` for a folder that another user owns or may write
    /// to, or that is a symbolic link.
    package init(_ path: String) throws {
        self.path = path
        let folders = ["", "/images", "/layers", "/documents", "/references", "/startups", "/refused", "/index"]
        for folder in folders { try PrivateFolder.make(path + folder) }
    }

    /// Whether an image is compiled here: from the index with digest `index`, or from any that was not refused. Reads the
    /// compiled files, and compares their checksums.
    package func isCompiled(_ image: Image, index: Digest? = nil) -> Bool {
        guard let record = try? record(image), index == nil || record.index == index,
            !refusedIndexes(of: image.descriptor.digest).contains(record.index)
        else { return false }
        return (try? ImageTree(imageFolder(image) + "/tree"))?.isIntact == true
            && zip(image.layers, record.ztocs).allSatisfy { layer, ztoc in
                let folder = layerFolder(layer.descriptor.digest, ztoc)
                return Self.hasSpans(folder) && Self.hasZTOC(folder)
            }
    }

    private static func hasSpans(_ folder: String) -> Bool { (try? SpanMap(folder + "/spans"))?.isIntact == true }

    /// Compiles an image's index. Parts that are already compiled stay. Throws `corrupt` for an index that was refused.
    package func compile(_ image: Image, _ files: IndexFiles) throws {
        guard !refusedIndexes(of: image.descriptor.digest).contains(files.digest) else {
            throw HermesError(
                .corrupt, "the index \(files.digest) of \(image.reference) does not describe the image: it was refused",
                advice: "build another one with hermes index build")
        }
        let folder = imageFolder(image)
        try Self.make(folder)
        // It says whose the tree is, and the tree is about to be another's.
        if let known = try? record(image), known.index != files.digest {
            forgetCompiled(image.descriptor.digest, from: known.index)
        }
        // Each layer once, however often it comes, and the largest first; the tree of all is made beside them.
        let layers = Dictionary(
            zip(image.layers, files.layers).map { (layerFolder($0.descriptor.digest, $1.ztoc.digest), $1.file) },
            uniquingKeysWith: { first, _ in first }
        ).sorted { $0.value.bytes.count > $1.value.bytes.count }
        try SystemThread.each("hermes-compile", Array(-1..<layers.count)) { number in
            try image.descriptor.digest.serving {
                guard number >= 0 else { return try ImageTree.compile(try files.views(), in: folder) }
                try Self.compile(layers[number].value, in: layers[number].key)
            }
        }
        // The record comes last: all the files that it names are there by then.
        let record = Record(
            format: Record.currentFormat, index: files.digest, layers: image.layers.map(\.descriptor.digest),
            ztocs: files.layers.map(\.ztoc.digest))
        try AtomicFile.write(try JSON.encode(record), to: folder + "/image", temporaryIn: folder)
    }

    /// Compiles the zTOC of a layer into the layer's folder, and keeps it there.
    private static func compile(_ ztoc: MappedFile, in folder: String) throws {
        try make(folder)
        if hasSpans(folder) {
            touch(folder + "/spans")
        } else {
            try SpanMap.compile(try ZTOCView(ztoc.readOnly), in: folder)
        }
        if !hasZTOC(folder) { try keepZTOC(ztoc.readOnly, in: folder) }
    }

    /// Opens a compiled image whose absent data come from `source`. `threads` work for it until it is closed. Throws
    /// `notFound` when another process has removed unused files of the image; compiling it again helps.
    package func open(
        _ image: Image, source: any ImageSource, threads: FetchThreads, log: Logger
    ) throws -> LazyImage {
        let record = try record(image)
        let layers = try zip(image.layers, record.ztocs).map { layer, ztoc in
            try openLayers.open(layer, folder: layerFolder(layer.descriptor.digest, ztoc))
        }
        let tree = try ImageTree(imageFolder(image) + "/tree")
        guard try self.record(image).index == record.index else {
            throw HermesError(.notFound, "another process compiles \(image.reference) from another index")
        }
        touch(image.descriptor.digest, layers: layers.map(\.store.folder))
        let scheduler = SpanScheduler(
            source: source, image: image.descriptor.digest, layers: layers, threads: threads, log: log)
        do {
            let lazy = try LazyImage(
                image: image, tree: tree, layers: layers, scheduler: scheduler, index: record.index, ztocs: record.ztocs
            )
            scheduler.prefetch(startup(image: image.descriptor.digest, ztocs: record.ztocs))
            return lazy
        } catch {
            scheduler.stop()
            throw error
        }
    }

    func record(_ image: Image) throws -> Record {
        let path = imageFolder(image) + "/image"
        let record = try Self.record(at: path)
        guard record.layers == image.layers.map(\.descriptor.digest) else {
            throw HermesError(.corrupt, "\(path) belongs to another image")
        }
        return record
    }

    private static func record(at path: String) throws -> Record {
        let record = try JSON.decode(Record.self, from: try LocalFile.read(path, limit: 4 << 20), name: path)
        guard record.format == Record.currentFormat, record.ztocs.count == record.layers.count else {
            throw HermesError(.corrupt, "\(path) was written by another version")
        }
        return record
    }

    /// The layer folders that the image in the folder `name` uses; nil where the image is not whole.
    func layerFolders(ofImage name: String) -> [String]? {
        guard let record = try? Self.record(at: "\(path)/images/\(name)/image") else { return nil }
        return zip(record.layers, record.ztocs).map { layerFolder($0, $1) }
    }

    /// Removes the record of an image that was compiled from the index `index`, so that it is compiled anew.
    func forgetCompiled(_ image: Digest, from index: Digest) {
        let path = "\(path)/images/\(image.hex)/image"
        guard let record = try? Self.record(at: path), record.index == index else { return }
        unlink(path)
    }

    private static func make(_ folder: String) throws {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw HermesError.file("make the folder", folder, .last)
        }
    }

    func imageFolder(_ image: Image) -> String { "\(path)/images/\(image.descriptor.digest.hex)" }

    func layerFolder(_ layer: Digest, _ ztoc: Digest) -> String {
        // The whole digest: a part of it could be that of another zTOC as well, and what is known of one layer folder's zTOC
        // would be taken for the other's.
        "\(path)/layers/\(layer.hex).\(ztoc.hex)"
    }
}
