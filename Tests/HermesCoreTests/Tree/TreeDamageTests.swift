import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Tree files that are cut, flipped or of another version: refused, or harmless.
@Suite struct TreeDamageTests {
    private static let layers: [[UInt8]] = [
        LayerArchive.make { layer in
            for number in 0..<30 {
                layer.file("folder\(number % 4)/file\(number)", String(repeating: "\(number)", count: number * 20))
            }
            layer.symbolicLink("link", "folder1/file1")
            layer.symbolicLink("folder2/up", "../link")
            layer.hardLink("hard", "folder1/file1")
            layer.add(Array("device".utf8), type: "3", device: (1, 3))
            layer.add(Array("named".utf8), type: "0", xattrs: [("user.a", [1, 2, 3]), ("user.b", [])], [1, 2, 3])
            layer.sparse("sparse", runs: [(0, 512), (4096, 512), (100_000, 512)], size: 200_000)
        }
    ]

    /// Every use of a tree that the file system makes; the process must survive it.
    private func use(_ path: String) throws {
        let tree = try ImageTree(path)
        try tree.checkData(against: Self.layers.map { Int64($0.count) })
        var sum = 0
        for number in 1...UInt64(tree.inodeCount) {
            guard let inode = tree.inode(number) else { continue }
            var status = stat()
            tree.fill(&status, number, inode)
            tree.eachXattr(inode) { name, value in
                sum += value.reduce(strlen(name.assumingMemoryBound(to: CChar.self).baseAddress ?? tree.strings)) {
                    $0 &+ Int($1)
                }
                return true
            }
            let record = inode.pointee
            switch record.mode & S_IFMT {
            case S_IFLNK: sum += strlen(tree.strings + Int(record.data))
            case S_IFDIR:
                #expect(tree.inode(UInt64(record.parent)) != nil)
                for position in 0..<Int(record.size) {
                    let entry = tree.entries[Int(record.data) + position]
                    #expect(tree.inode(UInt64(entry.inode)) != nil)
                    sum += strlen(tree.strings + Int(entry.name))
                }
                for name in ["file7", "zz", "a"] {
                    _ = Array(name.utf8).withUnsafeBytes { tree.lookUp($0, in: inode) }
                }
            case S_IFREG where record.isSparse:
                for index in 0..<Int(record.extentCount) { sum &+= Int(tree.extents[Int(record.data) + index].length) }
            default: break
            }
        }
        _ = try? tree.resolve("/folder2/up")
        _ = try? tree.resolve("/folder1/../link/..")
        _ = tree.path(of: UInt64(tree.inodeCount))
    }

    @Test func damagedTrees() throws {
        let whole = try CompiledImage(Self.layers).treeFile
        let folder = try TestFolder()
        let path = folder.path + "/damaged"
        try TestTool.write(whole, to: path)
        try use(path)
        var random = SeededGenerator(seed: 23)
        var refused = 0
        for turn in 0..<4000 {
            var bytes = whole
            switch turn % 4 {
            case 0: bytes = Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)))
            case 1:
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                        1 << UInt8.random(in: 0...7, using: &random)
                }
            case 2:
                let word = Int.random(in: 0..<bytes.count / 8, using: &random) * 8
                let edges = [UInt64.max, 1 << 63, UInt64(Int64.max), 0, 1, UInt64(whole.count), 1 << 32]
                withUnsafeBytes(of: edges.randomElement(using: &random) ?? 0) {
                    bytes.replaceSubrange(word..<word + 8, with: $0)
                }
            default:
                let word = Int.random(in: 0..<bytes.count / 4, using: &random) * 4
                let edges = [UInt32.max, 1 << 31, 0, 1, UInt32(whole.count)]
                withUnsafeBytes(of: edges.randomElement(using: &random) ?? 0) {
                    bytes.replaceSubrange(word..<word + 4, with: $0)
                }
            }
            try TestTool.write(bytes, to: path)
            do { try use(path) } catch { refused += 1 }
        }
        #expect(refused > 1000)
    }

    @Test func deviceWithANegativeNumber() throws {
        let image = try CompiledImage(Self.layers)
        let number = try image.tree.resolve("/device")
        var bytes = image.treeFile
        // The highest byte of the number that the inode's record begins with.
        bytes[ImageTree.headerSize + (Int(number) - 1) * 64 + 7] = 0xff
        let folder = try TestFolder()
        let path = try folder.write("tree", bytes)
        let error = #expect(throws: HermesError.self) { try ImageTree(path) }
        #expect(error?.code == .corrupt)
    }

    @Test func anotherVersionIsRefused() throws {
        var bytes = try CompiledImage(Self.layers).treeFile
        bytes[7] += 1
        let folder = try TestFolder()
        let path = try folder.write("tree", bytes)
        let error = #expect(throws: HermesError.self) { try ImageTree(path) }
        #expect(error?.code == .corrupt)
        #expect(throws: HermesError.self) { try ImageTree(folder.path + "/none") }
    }

    @Test func aTreeOfOtherLayersIsRefused() throws {
        let image = try CompiledImage(Self.layers)
        #expect(throws: HermesError.self) { try image.tree.checkData(against: [10_000]) }
    }

    @Test func imagesWithoutFiles() throws {
        for layers in [[], [LayerArchive.make { _ in }], [LayerArchive.make { $0.file(".wh.a", "") }]] {
            let image = try CompiledImage(layers)
            #expect(image.paths().count == 1)
            #expect(image.faults() == [])
            #expect(try image.tree.resolve("/") == 1)
        }
    }

    @Test func sparseFilesOfImpossibleSize() throws {
        let image = try CompiledImage([
            LayerArchive.make { layer in
                layer.sparse("one", runs: [(0, 512)], size: Int64.max)
                layer.sparse("two", runs: [(Int64.max - 512, 512)], size: Int64.max)
            }
        ])
        #expect(image.tree.contentSize == Int64.max)
        for number in 1...UInt64(image.tree.inodeCount) {
            let inode = try #require(image.tree.inode(number))
            var status = stat()
            image.tree.fill(&status, number, inode)
            #expect(status.st_blocks == 8)
        }
    }
}
