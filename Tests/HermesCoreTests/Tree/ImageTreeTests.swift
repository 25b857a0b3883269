import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Trees of unusual size and shape, and paths in them.
@Suite struct ImageTreeTests {
    private func number(_ count: Int, _ value: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: count - text.count) + text
    }

    @Test func aHundredThousandEntriesInOneFolder() throws {
        let count = 100_000
        var writer = ZTOCWriter()
        var random = SeededGenerator(seed: 31)
        for (index, value) in (0..<count).shuffled(using: &random).enumerated() {
            try writer.append(
                TarEntry(
                    name: Array("big/file-\(number(6, value))".utf8), kind: .fifo, mode: Int64(value & 0o777),
                    dataOffset: Int64(512 * (index + 1)), size: 0))
        }
        var bytes: [UInt8] = []
        let size = Int64(512 * (count + 2))
        _ = try writer.writeUncompressed(
            ZTOCWriter.Layer(compressedSize: size, uncompressedArchiveSize: size, spanDigests: [.of([1])]),
            spanSize: size
        ) { bytes += $0 }
        let folder = try TestFolder()
        try CompiledImage.compile([CompiledImage.Pinned(bytes)], in: folder.path)
        let tree = try ImageTree(folder.path + "/tree")
        #expect(tree.inodeCount == count + 2)
        let big = try #require(tree.inode(try tree.resolve("/big")))
        #expect(big.pointee.size == Int64(count))
        for value in stride(from: 0, to: count, by: 997) {
            let found = Array("file-\(number(6, value))".utf8).withUnsafeBytes { tree.lookUp($0, in: big) }
            let inode = try #require(found.flatMap { tree.inode($0) })
            #expect(inode.pointee.mode == S_IFIFO | UInt32(value & 0o777))
        }
        for name in ["file-", "file-100000", "", "a", "zzz", "file-0000000"] {
            #expect(Array(name.utf8).withUnsafeBytes { tree.lookUp($0, in: big) } == nil)
        }
    }

    private static let pieces: [@Sendable (inout LayerArchive) -> Void] = [
        { $0.file("a/one", "1") }, { $0.file("a/two", "2") }, { $0.file("b/.wh.gone", "") },
        { $0.file("b/.wh..wh..opq", "") }, { $0.directory("a", mode: 0o711) }, { $0.file("c/d/e/f", "deep") },
        { $0.symbolicLink("s", "a/one") }, { $0.hardLink("h", "a/one", seconds: 1_700_000_000) },
        { $0.hardLink("i", "h", seconds: 1_700_000_000) },
        { $0.file(".wh.other", "") }, { $0.directory("c/d", mode: 0o700) }, { $0.file("b/kept", "3") },
    ]

    /// The order of a tar decides only between entries of one name.
    @Test func orderDoesNotMatter() throws {
        let base = LayerArchive.make { layer in
            for name in ["other", "b/gone", "b/old", "a/lower"] { layer.file(name) }
        }
        func dump(_ pieces: [@Sendable (inout LayerArchive) -> Void]) throws -> [String] {
            let image = try CompiledImage([base, LayerArchive.make { for piece in pieces { piece(&$0) } }])
            #expect(image.faults() == [])
            return image.dump()
        }
        let first = try dump(Self.pieces)
        #expect(first.count == 14)
        var random = SeededGenerator(seed: 41)
        for _ in 0..<30 { #expect(try dump(Self.pieces.shuffled(using: &random)) == first) }
    }

    @Test func theSameLayersGiveTheSameFile() throws {
        let layers = [
            LayerArchive.make { for piece in Self.pieces { piece(&$0) } }, LayerArchive.make { $0.file("b/new") },
        ]
        let first = try CompiledImage(layers).treeFile
        for _ in 0..<5 { #expect(try CompiledImage(layers).treeFile == first) }
    }

    @Test func moreLayersThanTheTreeHasBytes() throws {
        let image = try CompiledImage(Array(repeating: LayerArchive.make { _ in }, count: 400))
        #expect(image.tree.layerCount == 400)
        #expect(image.treeFile.count < 400)
    }

    @Test func deepFoldersAndLongPaths() throws {
        let deep = Array(repeating: "d", count: 20_000).joined(separator: "/")
        let image = try CompiledImage([LayerArchive.make { $0.file(deep + "/end", "deep") }])
        #expect(image.tree.inodeCount == 20_002)
        let end = try image.tree.resolve(deep + "/end")
        #expect(image.tree.inode(end)?.pointee.size == 4)
        #expect(try image.tree.resolve(deep + String(repeating: "/..", count: 30_000)) == 1)
    }

    @Test func manyLinksInChains() throws {
        // Each link names the next, whose entry comes later: followed once each, not each to its end.
        let count = 4000
        let image = try CompiledImage([
            LayerArchive.make { layer in
                for index in 0..<count { layer.hardLink("l\(index)", "l\(index + 1)") }
                layer.file("l\(count)", "the end")
            }
        ])
        #expect(image.tree.inodeCount == 2)
        #expect(image.tree.inode(2)?.pointee.linkCount == UInt32(count + 1))
    }

    @Test func sparseFilesOfGNUTar() throws {
        for format in ["gnu", "--sparse-version=0.0", "--sparse-version=0.1", "--sparse-version=1.0"] {
            try TestTool.withFolder { folder in
                var content: [UInt8] = []
                for part in 0..<6 {
                    content += testBytes(4096 * (part + 1), seed: UInt64(part))
                    content += [UInt8](repeating: 0, count: 65_536)
                }
                try TestTool.write(content, to: folder + "/solid")
                try TestTool.run(["cp", "--sparse=always", folder + "/solid", folder + "/file"])
                try TestTool.run(
                    [
                        "tar", "-C", folder, format == "gnu" ? "--format=gnu" : "--format=posix", "-S",
                        "--hole-detection=raw",
                        "-cf", folder + "/tar", "file",
                    ] + (format == "gnu" ? [] : [format]))
                let image = try CompiledImage([try TestTool.read(folder + "/tar")])
                let inode = try #require(image.tree.inode(try image.tree.resolve("/file")))
                #expect(inode.pointee.isSparse)
                #expect(image.content(inode.pointee) == content)
                var status = stat()
                image.tree.fill(&status, 2, inode)
                #expect(status.st_size == content.count)
                #expect(status.st_blocks * 512 < content.count / 2)
            }
        }
    }

    // MARK: Paths

    @Test func pathsAreResolvedAsInAChroot() throws {
        let image = try CompiledImage([
            LayerArchive.make { layer in
                layer.file("usr/lib/libc.so.6", "libc")
                layer.file("etc/passwd", "root")
                layer.symbolicLink("lib", "usr/lib")
                layer.symbolicLink("usr/lib/libc.so", "libc.so.6")
                layer.symbolicLink("usr/absolute", "/etc/passwd")
                layer.symbolicLink("usr/out", "../../../../etc")
                layer.symbolicLink("round", "about")
                layer.symbolicLink("about", "./round")
                layer.symbolicLink("dangling", "nowhere")
                layer.symbolicLink("root", "/")
                for index in 0..<60 { layer.symbolicLink("chain\(index)", "chain\(index + 1)") }
                layer.file("chain60")
            }
        ])
        let tree = image.tree
        func path(_ path: String) throws -> String { tree.path(of: try tree.resolve(path)) }
        #expect(try path("/lib/libc.so") == "/usr/lib/libc.so.6")
        #expect(try path("lib//./../absolute") == "/etc/passwd")
        #expect(try path("/usr/out/passwd") == "/etc/passwd")
        #expect(try path("/usr/out/../usr/out/passwd") == "/etc/passwd")
        #expect(try path("/root/root/root/lib/..") == "/usr")
        #expect(try path("/../../..") == "/")
        #expect(try path("") == "/")
        #expect(try path("/chain25") == "/chain60")
        for missing in ["/round", "/dangling", "/nothing", "/etc/passwd/x", "/round/x", "/chain0", "/lib/nothing"] {
            let error = #expect(throws: HermesError.self) { try tree.resolve(missing) }
            #expect(error?.code == .notFound)
        }
        #expect(tree.path(of: 0) == "/")
        #expect(tree.path(of: UInt64.max) == "/")
    }

    @Test func aFileWithSeveralNamesHasOnePath() throws {
        let image = try CompiledImage([
            LayerArchive.make { layer in
                layer.file("b/file", "content")
                layer.hardLink("c/d/other", "b/file")
                layer.hardLink("z", "b/file")
            },
            LayerArchive.make { $0.file("b/.wh.file", "") },
        ])
        let number = try image.tree.resolve("/z")
        #expect(try image.tree.resolve("/c/d/other") == number)
        #expect(image.tree.path(of: number) == "/z")
        #expect(image.faults().isEmpty)
    }

    @Test func aTreeOfAnOlderBuildHasNoPaths() throws {
        let image = try CompiledImage([LayerArchive.make { $0.file("folder/file", "content") }])
        let folder = try TestFolder()
        var bytes = image.treeFile
        let place = try #require(MemoryLayout<InodeRecord>.offset(of: \.entry))
        for inode in 0..<image.tree.inodeCount {
            let start = ImageTree.headerSize + inode * MemoryLayout<InodeRecord>.stride + place
            bytes.replaceSubrange(start..<start + 4, with: [0, 0, 0, 0])
        }
        let tree = try ImageTree(try folder.write("tree", bytes))
        #expect(tree.path(of: try tree.resolve("/folder/file")) == "inode 3")
        #expect(tree.path(of: 1) == "/")
        // An entry that the tree does not have.
        bytes[ImageTree.headerSize + MemoryLayout<InodeRecord>.stride + place + 3] = 1
        let damaged = try folder.write("damaged", bytes)
        #expect(throws: HermesError.self) { try ImageTree(damaged) }
    }

    @Test func namesThatANulMakesSpecial() throws {
        // No tar has such names; a hostile zTOC may.
        let names = ["folder/.\u{0}x", "folder/..\u{0}x", "folder/\u{0}x", "folder/plain\u{0}x", ".\u{0}x/inner"]
        var writer = ZTOCWriter()
        for (index, name) in names.enumerated() {
            try writer.append(
                TarEntry(name: Array(name.utf8), kind: .regular, dataOffset: Int64(index + 1) * 512, size: 0))
        }
        var bytes: [UInt8] = []
        let size = Int64(names.count + 3) * 512
        let layer = ZTOCWriter.Layer(compressedSize: size, uncompressedArchiveSize: size, spanDigests: [.of(bytes)])
        _ = try writer.writeUncompressed(layer, spanSize: size) { bytes += $0 }
        let folder = try TestFolder()
        try CompiledImage.compile([CompiledImage.Pinned(bytes)], in: folder.path)
        let tree = try ImageTree(folder.path + "/tree")
        let found = Set((0..<tree.entryCount).map { String(cString: tree.strings + Int(tree.entries[$0].name)) })
        #expect(found == ["folder", "plain", "inner"])
    }
}
