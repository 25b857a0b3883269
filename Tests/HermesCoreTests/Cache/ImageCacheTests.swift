import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The node's cache folder, and trees that are written out of it.
@Suite struct ImageCacheTests {
    private static let shared = LayerArchive.make { layer in
        for index in 0..<12 { layer.add(Array("lib/\(index)".utf8), type: "0", testBytes(40_000, seed: 3)) }
    }

    private static func image(_ name: String, spanSize: Int64 = 60_000) throws -> IndexedImage {
        let own = LayerArchive.make { layer in
            layer.directory("bin", mode: 0o750)
            layer.file("bin/\(name)", String(repeating: name, count: 5000))
            layer.hardLink("bin/also", "bin/\(name)")
            layer.symbolicLink("link", "bin/\(name)")
            layer.file("lib/.wh.3", "")
            layer.sparse("sparse", runs: [(1_000, 512), (2_500_000, 700)], size: 3_000_000)
            layer.add([0xff, 0x0a, 0xe4], type: "6", mode: 0o600, seconds: -77)
            layer.add(Array("null".utf8), type: "3", mode: 0o666, device: (1, 3))
            layer.add(
                Array("tool".utf8), type: "0", mode: 0o6755, uid: 12, gid: 34, seconds: 5_000_000_000, nanoseconds: 7,
                xattrs: [
                    ("user.key", [1, 2]), ("security.capability", [1, 0, 0, 2] + [UInt8](repeating: 0, count: 16)),
                ],
                [1, 2, 3])
        }
        return try IndexedImage([(shared, .gzip(.fullFlush)), (own, .gzip(.gzip1))], spanSize: spanSize)
    }

    private func withFilesystem(
        _ cache: ImageCache, _ image: IndexedImage, source: (any ImageSource)? = nil,
        _ body: (LazyImage) throws -> Void
    ) throws {
        let lazy = try cache.open(
            image.image, source: source ?? image.source, threads: IndexedImage.threads, log: IndexedImage.silent)
        defer { lazy.close() }
        try body(lazy)
    }

    private func read(_ lazy: LazyImage, _ path: String) throws -> [UInt8] {
        let inode = try lazy.tree.resolve(path)
        var bytes = [UInt8](repeating: 1, count: 4_000_000)
        let count = try bytes.withUnsafeMutableBytes {
            try lazy.readBlocking(inode: inode, offset: 0, into: $0)
        }
        return Array(bytes.prefix(count))
    }

    @Test func compiledOnceAndOpenedAgain() throws {
        let image = try Self.image("one")
        let cache = try ImageCache(image.folder.path + "/node")
        #expect(!cache.isCompiled(image.image))
        #expect(throws: HermesError.self) { try withFilesystem(cache, image) { _ in } }
        let files = try image.files()
        try cache.compile(image.image, files)
        #expect(cache.isCompiled(image.image))
        #expect(cache.isCompiled(image.image, index: files.digest))
        #expect(!cache.isCompiled(image.image, index: .of([1])))
        try withFilesystem(try ImageCache(cache.path), image) { (lazy) throws in
            #expect(try read(lazy, "/link") == Array(String(repeating: "one", count: 5000).utf8))
            #expect(try read(lazy, "/lib/7") == testBytes(40_000, seed: 3))
            let sparse = try read(lazy, "/sparse")
            #expect(sparse.count == 3_000_000)
            #expect(sparse.indices.filter { sparse[$0] != 0 } == Array(1_000..<1_512) + Array(2_500_000..<2_500_700))
            #expect(sparse[2_500_001] == 2)
            #expect(throws: HermesError.self) { try read(lazy, "/bin") }
        }
    }

    @Test func readsCutAtTheFilesEnd() throws {
        let image = try Self.image("cut")
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
        try withFilesystem(cache, image) { (lazy) throws in
            for path in ["/tool", "/sparse"] {
                let inode = try lazy.tree.resolve(path)
                let size = try #require(lazy.tree.inode(inode)?.pointee.size)
                for (offset, wanted) in [(size, 0), (size - 1, 1), (size + 9, 0), (Int64.max, 0), (-1, nil)] {
                    var bytes = [UInt8](repeating: 0, count: 100)
                    let count = try? bytes.withUnsafeMutableBytes {
                        try lazy.readBlocking(inode: inode, offset: offset, into: $0)
                    }
                    #expect(count == wanted)
                }
            }
        }
    }

    @Test func imagesShareLayers() throws {
        let first = try Self.image("first")
        let second = try Self.image("second")
        let folder = try TestFolder()
        let cache = try ImageCache(folder.path + "/node")
        for image in [first, second] { try cache.compile(image.image, try image.files()) }
        try withFilesystem(cache, first) { (one) throws in
            for index in 0..<12 where index != 3 { _ = try read(one, "/lib/\(index)") }
            let refusing = FaultySource(second.source) { _ in .refused(HermesError(.denied, "no")) }
            try withFilesystem(cache, second, source: refusing) { (two) throws in
                #expect(try read(two, "/lib/11") == testBytes(40_000, seed: 3))
                #expect(throws: HermesError.self) { try read(two, "/bin/second") }
            }
        }
    }

    @Test func anotherIndexIsCompiledAnew() throws {
        let image = try Self.image("index")
        let cache = try ImageCache(image.folder.path + "/node")
        let old = try image.files()
        try cache.compile(image.image, old)
        let builder = try IndexBuilder(
            image: image.image, source: image.source, storage: LayoutIndexStorage(image.layout), spanSize: 30_000)
        _ = try builder.build(
            jobs: 1, observer: IndexBuilder.Observer(advanced: { _, _ in }, finished: { _, _ in }))
        let new = try image.files()
        #expect(new.digest != old.digest)
        #expect(!cache.isCompiled(image.image, index: new.digest))
        try cache.compile(image.image, new)
        #expect(cache.isCompiled(image.image, index: new.digest))
        try withFilesystem(cache, image) { (lazy) throws in
            #expect(lazy.layers[0].spans.count > 8)
            #expect(try read(lazy, "/lib/0") == testBytes(40_000, seed: 3))
        }
    }

    @Test(arguments: ["images", "layers"], ["cut", "empty", "gone", "other"])
    func damagedFilesAreMadeAnew(kind: String, damage: String) throws {
        let image = try Self.image("damage")
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
        let files = try TestTool.run(["find", "\(cache.path)/\(kind)", "-type", "f", "-not", "-name", "data"])
            .text.split(separator: "\n").map(String.init).sorted()
        #expect(files.count >= 2)
        for file in files {
            switch damage {
            case "cut": #expect(truncate(file, 65) == 0)
            case "empty": #expect(truncate(file, 0) == 0)
            case "gone": #expect(unlink(file) == 0)
            default: try TestTool.write(Array("{\"format\":9}".utf8), to: file)
            }
            #expect(!cache.isCompiled(image.image))
            try cache.compile(image.image, try image.files())
            #expect(cache.isCompiled(image.image))
            try withFilesystem(cache, image) { (lazy) throws in
                #expect(try read(lazy, "/link").count == 30_000)
            }
        }
    }

    // MARK: Export

    @Test(.enabled(if: OverlayTool.isAvailable)) func anExportIsTheTree() throws {
        let image = try Self.image("export")
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
        let expected = try CompiledImage(image.archives).dump()
        try withFilesystem(cache, image) { (lazy) throws in
            let out = image.folder.path + "/out"
            var exported = 0
            let exporter = TreeExporter(lazy, leftOut: { _ in }, progress: { exported += $0 })
            try exporter.export(1, to: out)
            let dump = try TestTool.run([
                TestTool.python, Fixture.path("overlay-tree.py"), "--dump", out,
            ])
            let found = Set(dump.text.split(separator: "\n").map(String.init))
            #expect(found.subtracting(expected).sorted() == [])
            #expect(Set(expected).subtracting(found).sorted() == [])
            #expect(Int64(exported) == lazy.tree.contentSize)
            #expect(throws: HermesError.self) { try exporter.export(1, to: out) }
        }
    }

    @Test func anExportTellsOfHardLinksWithoutATarget() throws {
        let image = try IndexedImage(
            [
                (
                    LayerArchive.make { layer in
                        layer.hardLink("lost", "nowhere")
                        layer.hardLink("hidden", "nowhere")
                        layer.hardLink("a/found", "a/file")
                        layer.file("a/file")
                        layer.hardLink("a/b/one", "gone")
                        layer.hardLink("a/b/two", "gone")
                        layer.hardLink("c/round", "c/round")
                    }, .gzip(.gzip6)
                ),
                (
                    LayerArchive.make { layer in
                        layer.file(".wh.hidden", "")
                        layer.hardLink("c/late", "nowhere")
                    }, .plain
                ),
            ], spanSize: 4096)
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
        try withFilesystem(cache, image) { (lazy) throws in
            func leftOut(_ path: String) throws -> [String] {
                let out = "\(image.folder.path)/out\(UInt64.random(in: 0...UInt64.max))"
                var found: [String] = []
                let exporter = TreeExporter(lazy, leftOut: { found.append($0) }, progress: { _ in })
                try exporter.export(try lazy.tree.resolve(path), to: out)
                #expect(found.allSatisfy { $0.hasPrefix(out) && access($0, F_OK) != 0 })
                return found.map { String($0.dropFirst(out.count)) }.sorted()
            }
            #expect(try leftOut("/") == ["/a/b/one", "/a/b/two", "/c/late", "/c/round", "/lost"])
            #expect(try leftOut("/a") == ["/b/one", "/b/two"])
            #expect(try leftOut("/a/b") == ["/one", "/two"])
            #expect(try leftOut("/a/found") == [])
        }
    }

    @Test func aLayerThatComesSeveralTimesIsOpenedOnce() throws {
        let archive = LayerArchive.make { $0.file("file", "content") }
        let other = LayerArchive.make { $0.file("other", "content") }
        let image = try IndexedImage(
            [(archive, .gzip(.gzip6)), (other, .plain), (archive, .gzip(.gzip6))], spanSize: 4096)
        let cache = try ImageCache(image.folder.path + "/node")
        let files = try image.files()
        #expect(files.layers[0].file === files.layers[2].file)
        try cache.compile(image.image, files)
        try withFilesystem(cache, image) { (lazy) throws in
            #expect(lazy.layers[0] === lazy.layers[2] && lazy.layers[0] !== lazy.layers[1])
            #expect(try read(lazy, "/file") == Array("content".utf8))
            #expect(try read(lazy, "/other") == Array("content".utf8))
        }
    }

    @Test func anExportEndsWhenItsProgressSaysSo() throws {
        let image = try Self.image("stop")
        let cache = try ImageCache(image.folder.path + "/node")
        try cache.compile(image.image, try image.files())
        try withFilesystem(cache, image) { (lazy) throws in
            let exporter = TreeExporter(
                lazy, leftOut: { _ in }, progress: { _ in throw HermesError(.interrupted, "stop") })
            let out = image.folder.path + "/file"
            let inode = try lazy.tree.resolve("/lib/1")
            let error = #expect(throws: HermesError.self) { try exporter.export(inode, to: out) }
            #expect(error?.code == .interrupted)
            #expect(access(out, F_OK) != 0, "no half file stays")
        }
    }
}
