import Glibc
import HermesSupport

extension ImageTree {
    /// Compiles the merged tree of an image into the file `name` of `folder`, which appears whole or not at all.
    ///
    /// `layers` are the validated zTOCs of all layers, from the bottom up. The same zTOCs give the same file. Throws
    /// `corrupt` for a damaged zTOC, `unsupported` for entries that the format cannot hold, and the file error of
    /// `folder`.
    package static func compile(_ layers: [ZTOCView], in folder: String, as name: String = "tree") throws {
        guard layers.count <= layerLimit else {
            throw HermesError(
                .unsupported, "the image has \(layers.count) layers; a tree can have \(layerLimit)")
        }
        var merger = TreeMerger(
            try layers.map { TreeMerger.Layer(tree: try LayerTree($0), source: $0) },
            sizes: layers.map(\.uncompressedSize))
        try merger.run()
        try merger.writer.write(to: folder, name, contentSize: merger.contentSize, layerCount: layers.count)
    }
}

extension LayerTree {
    /// The tree of a zTOC's entries.
    init(_ source: ZTOCView) throws {
        guard source.entryCount < Int32.max / 4 else {
            throw HermesError(.unsupported, "a layer has \(source.entryCount) entries, more than a tree can hold")
        }
        self.init(capacity: source.entryCount)
        let linkTarget = { (index: Int32) -> UnsafeRawBufferPointer? in
            // The kernel takes targets of less than a page.
            guard let entry = try? source.names(Int(index)), entry.kind == .symbolicLink, entry.linkName.count < 4096
            else { return nil }
            return entry.linkName
        }
        for index in 0..<source.entryCount {
            let entry = try source.names(index)
            apply(
                Int32(index), name: entry.name, isDirectory: entry.kind == .directory,
                hardLinkTo: entry.kind == .hardLink ? entry.linkName : nil, linkTargetOf: linkTarget)
        }
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        finish(linkNameOf: { (try? source.names(Int($0)))?.linkName ?? empty }, linkTargetOf: linkTarget)
    }
}
