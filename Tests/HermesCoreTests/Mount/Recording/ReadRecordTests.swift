import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// What a record says of a tree.
@Suite struct ReadRecordTests {
    private func record(_ image: CompiledImage, read paths: [String]) throws -> ReadRecord {
        var tally = ReadTally()
        for (place, path) in paths.enumerated() {
            tally.add(try image.tree.resolve(path), at: Double(place), bytes: 3, seconds: place == 0 ? 0.5 : nil)
        }
        let layers = (0..<image.tree.layerCount).map {
            ReadRecord.Layer(digest: .of([UInt8($0)]), bytes: Int64($0))
        }
        return ReadRecord(tally, seconds: 9, tree: image.tree, layers: layers)
    }

    private func image() throws -> CompiledImage {
        try CompiledImage([
            LayerArchive.make { layer in
                layer.file("bin/tool", "12345")
                layer.file("bin/gone", "1234567890")
                layer.file("doc/en/one", "12")
                layer.file("doc/en/two", "1234")
                layer.file("doc/de", "1")
            },
            LayerArchive.make { layer in
                layer.file("bin/.wh.gone", "")
                layer.file("bin/big", "12345678")
                layer.hardLink("bin/link", "bin/big", seconds: 1_700_000_000)
                layer.file("lib/used", "123")
                layer.file("lib/sub/unused", "123456")
                layer.directory("empty", mode: 0o755)
            },
        ])
    }

    @Test func touchedAndUntouchedAddUp() throws {
        let record = try record(image(), read: ["/bin/tool", "/lib/used"])
        #expect(record.seconds == 9)
        #expect(record.layers.map(\.files) == [4, 3] && record.layers.map(\.fileBytes) == [12, 17])
        #expect(record.layers.map(\.touchedFiles) == [1, 1] && record.layers.map(\.touchedFileBytes) == [5, 3])
        #expect(record.layers.map(\.readBytes) == [3, 3])
        #expect(
            record.touched == [
                .init(path: "/bin/tool", layer: 0, bytes: 5, at: 0, reads: 1, readBytes: 3, fetchedBytes: 3),
                .init(path: "/lib/used", layer: 1, bytes: 3, at: 1, reads: 1, readBytes: 3, fetchedBytes: 0),
            ])
        #expect(record.untouchedFiles.map(\.bytes) == [8, 6, 4, 2, 1])
        #expect(record.untouchedFiles[0].path == "/bin/big" && record.untouchedFiles[0].layer == 1)
        // A folder within one that is not touched is no line of its own, nor is one without files.
        #expect(
            record.untouchedFolders == [
                .init(path: "/doc", files: 3, bytes: 7), .init(path: "/lib/sub", files: 1, bytes: 6),
            ])
        #expect(
            record.reads == [
                .init(at: 0, path: "/bin/tool", layer: 0, bytes: 3, seconds: 0.5),
                .init(at: 1, path: "/lib/used", layer: 1, bytes: 3, seconds: nil),
            ])
        #expect(try JSON.decode(ReadRecord.self, from: JSON.encode(record), name: "it") == record)
    }

    @Test func nothingIsTouched() throws {
        let record = try record(image(), read: [])
        #expect(record.touched.isEmpty && record.reads.isEmpty)
        #expect(record.untouchedFolders == [.init(path: "/", files: 7, bytes: 29)])
    }

    @Test func aPathWithoutEndIsCut() throws {
        let deep = Array(repeating: "d", count: 20_000).joined(separator: "/")
        let image = try CompiledImage([
            LayerArchive.make {
                $0.file(deep + "/end", "deep")
                $0.file("a", "1")
            }
        ])
        let record = try record(image, read: ["/a"])
        let path = try #require(record.untouchedFiles.first?.path)
        #expect(path.hasPrefix("/.../d/d/") && path.hasSuffix("/d/end") && path.utf8.count <= TreeNames.pathLimit + 4)
        #expect(record.untouchedFolders == [.init(path: "/d", files: 1, bytes: 4)])
    }

    /// The lists have an end, however many files there are.
    @Test func theLargestAreListed() throws {
        let count = 300
        let image = try CompiledImage([
            LayerArchive.make { layer in
                for number in 1...count { layer.file("d\(number)/f", String(repeating: "x", count: number)) }
                layer.file("used", "1")
            }
        ])
        let record = try record(image, read: ["/used"])
        let largest = (count - ReadRecord.untouchedLimit + 1...count).reversed().map(Int64.init)
        #expect(record.untouchedFiles.map(\.bytes) == largest && record.untouchedFolders.map(\.bytes) == largest)
        #expect(record.layers[0].fileBytes == Int64(count * (count + 1) / 2 + 1))
    }
}
