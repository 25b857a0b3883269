import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The zTOC of a layer with odd parts can be used, against the layer's own bytes.
@Suite struct LayerIndexerTests {
    /// The zeros behind a tar's end are no part of what a zTOC counts, so no span begins there.
    @Test(arguments: [512, 10_240, 200_000]) func noSpanBeginsBehindTheArchive(padding: Int) throws {
        let content = String(repeating: "a line of a file\n", count: 400)
        let archive = LayerArchive.make { $0.file("etc/file", content) }
        // A block of deflate ends every 1,500 bytes.
        let layer = archive + [UInt8](repeating: 0, count: padding)
        let image = try IndexedImage([(layer, .gzip(.syncFlush))], spanSize: 1000)
        let files = try image.files()
        let view = try #require(try files.views().first)
        #expect(view.uncompressedSize == Int64(archive.count))
        let blob = try CheckpointBlob(
            view.checkpoints, compressedSize: view.compressedSize, uncompressedSize: view.uncompressedSize)
        for span in 0..<blob.count { #expect(!blob.uncompressedRange(ofSpan: span).isEmpty) }
        try IndexVerifier(image: image.image, source: image.source, files: files).verify(layer: 0) { _ in }
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, files)
        let lazy = try cache.open(
            image.image, source: image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { lazy.close() }
        var bytes = [UInt8](repeating: 0, count: content.utf8.count)
        let inode = try lazy.tree.resolve("/etc/file")
        let count = try bytes.withUnsafeMutableBytes { try lazy.readBlocking(inode: inode, offset: 0, into: $0) }
        #expect(count == bytes.count && bytes.elementsEqual(content.utf8))
    }

    /// It would have no span, which no mount takes.
    @Test func aPlainLayerWithoutBytesIsRefused() throws {
        let error = #expect(throws: HermesError.self) { try IndexedImage([([], .plain)], spanSize: 1000) }
        #expect(error?.code == .unsupported)
        #expect("\(try #require(error))".contains("has no bytes"))
    }
}
