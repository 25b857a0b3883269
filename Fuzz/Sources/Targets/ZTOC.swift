@testable import HermesCore

extension FuzzTarget {
    /// zTOCs; what is valid is compiled and opened as a mount does.
    static let ztoc = FuzzTarget(name: "ztoc") { bytes in
        let view = try ZTOCView(bytes)
        _ = try? view.spanSize()
        for index in 0..<min(view.entryCount, 100) {
            guard let entry = try? view.entry(index) else { continue }
            _ = try? TarEntry(entry)
            _ = try? entry.sparse()
        }
        for index in 0..<min(view.spanCount, 100) { _ = try? view.spanDigest(index) }
        if let blob = try? CheckpointBlob(
            view.checkpoints, compressedSize: view.compressedSize, uncompressedSize: view.uncompressedSize)
        {
            for index in 0..<blob.count {
                _ = blob.window(index)?.reduce(0, ^)
                check(!blob.compressedRange(ofSpan: index).isEmpty, "span \(index) has no bytes")
                _ = blob.uncompressedRange(ofSpan: index)
            }
        }
        try view.validate()
        try compile(view)
    }

    /// Compiles a valid zTOC and opens what comes of it.
    static func compile(_ view: ZTOCView) throws {
        let folder = FuzzFiles.folder
        // Two layers of the same: names meet names.
        try ImageTree.compile([view, view], in: folder)
        let sizes = [view.uncompressedSize, view.uncompressedSize]
        do {
            try readTree(folder + "/tree", sizes: sizes)
        } catch {
            check(false, "a tree that was just compiled: \(error)")
        }
        try SpanMap.compile(view, in: folder)
        do {
            try readSpans(folder + "/spans")
        } catch {
            check(false, "a span map that was just compiled: \(error)")
        }
    }
}
