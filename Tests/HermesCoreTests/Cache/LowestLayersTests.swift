import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The lowest layers of a compiled image as an image of their own, against a tree that is compiled from these layers alone.
@Suite struct LowestLayersTests {
    /// Layers that add, replace and delete files of those below.
    private static let layers: [[UInt8]] = [
        LayerArchive.make { layer in
            layer.directory("etc", mode: 0o755)
            layer.file("etc/kept", "first")
            layer.file("etc/replaced", "first")
            layer.file("etc/deleted", "first")
            layer.directory("opaque", mode: 0o700)
            layer.file("opaque/below", "first")
        },
        LayerArchive.make { layer in
            layer.file("etc/replaced", "second")
            layer.hardLink("etc/linked", "etc/replaced")
            layer.file("etc/.wh.deleted", "")
        },
        LayerArchive.make { layer in
            layer.file("etc/replaced", "third")
            layer.file("etc/.wh.kept", "")
            layer.file("opaque/.wh..wh..opq", "")
            layer.file("opaque/above", "third")
        },
    ]

    private static func image(_ count: Int) throws -> IndexedImage {
        try IndexedImage(layers.prefix(count).map { ($0, .gzip(.gzip6)) }, spanSize: 4096)
    }

    private let image: IndexedImage
    private let cache: ImageCache

    init() throws {
        image = try Self.image(3)
        cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
    }

    private func lowest<Result>(_ count: Int, _ body: (LazyImage) throws -> Result) throws -> Result {
        let lazy = try cache.openLowest(
            count, of: image.image, source: image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { lazy.close() }
        return try body(lazy)
    }

    private func read(_ lazy: LazyImage, _ path: String) throws -> String {
        let inode = try lazy.tree.resolve(path)
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try bytes.withUnsafeMutableBytes { try lazy.readBlocking(inode: inode, offset: 0, into: $0) }
        return Array(bytes.prefix(count)).text
    }

    private func treePath(_ count: Int) throws -> String {
        "\(cache.imageFolder(image.image))/tree.\(count).\(try image.files().digest.hex)"
    }

    @Test(arguments: 1...3) func theTreeIsThatOfTheseLayersAlone(count: Int) throws {
        let alone = try Self.image(count)
        let other = try ImageCache(alone.folder.path + "/node")
        try other.compile(alone.image, try alone.files())
        try lowest(count) { (lazy) throws in
            #expect(lazy.image.layers.count == count)
            #expect(lazy.layers.count == count)
            let expected = try TestTool.read(other.imageFolder(alone.image) + "/tree")
            #expect(try TestTool.read(try treePath(count)) == expected)
            #expect(try read(lazy, "/etc/replaced") == ["first", "second", "third"][count - 1])
        }
        // The image itself is as it was.
        #expect(cache.isCompiled(image.image))
    }

    @Test func aDamagedTreeIsMadeAnew() throws {
        try lowest(2) { (lazy) throws in #expect(try read(lazy, "/etc/linked") == "second") }
        let path = try treePath(2)
        let whole = try TestTool.read(path)
        for size in [0, 65, whole.count - 1] {
            #expect(truncate(path, off_t(size)) == 0)
            try lowest(2) { (lazy) throws in #expect(try read(lazy, "/etc/linked") == "second") }
            #expect(try TestTool.read(path) == whole)
        }
        var changed = whole
        changed[changed.count / 2] ^= 1
        try TestTool.write(changed, to: path)
        try lowest(2) { (lazy) throws in #expect(try read(lazy, "/etc/kept") == "first") }
        #expect(try TestTool.read(path) == whole)
    }

    @Test(arguments: [Int.min, -1, 0, 4, Int.max]) func aCountThatTheImageHasNotIsRefused(count: Int) throws {
        let error = #expect(throws: HermesError.self) { try lowest(count) { _ in } }
        #expect(error?.code == .usage)
    }

    @Test func anImageThatIsNotCompiledIsRefused() throws {
        let other = try Self.image(2)
        let error = #expect(throws: HermesError.self) {
            try cache.openLowest(
                1, of: other.image, source: other.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        }
        #expect(error != nil)
    }
}
