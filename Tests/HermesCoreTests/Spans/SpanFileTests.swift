import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Compiled span maps and caches, right ones and damaged ones.
@Suite struct SpanFileTests {
    private let image: IndexedImage
    private let folder: TestFolder

    init() throws {
        image = try SpanSchedulerTests.shared.get()
        folder = try TestFolder()
    }

    @Test func aMapDescribesItsLayer() throws {
        for (layer, lazy) in zip(image.image.layers, try image.lazyLayers(in: folder.path)) {
            let map = lazy.spans
            let blob = try TestTool.read(image.layout.blobPath(layer.descriptor.digest))
            #expect(map.compressedSize == Int64(blob.count))
            var next: Int64 = 0
            for index in 0..<map.count {
                let range = map.compressedRange(index)
                #expect(
                    Digest.of(Array(blob[Int(range.lowerBound)..<Int(range.upperBound)]))
                        == map.record(index).pointee.digest)
                let bytes = map.uncompressedRange(index)
                #expect(bytes.lowerBound == next)
                next = bytes.upperBound
                guard !bytes.isEmpty else { continue }
                #expect(map.span(at: bytes.lowerBound) == index)
                #expect(map.span(at: bytes.upperBound - 1) == index)
            }
            #expect(next == map.uncompressedSize)
        }
    }

    /// Every use of a map that a reader makes; the process must survive it.
    private func use(_ path: String) throws {
        let map = try SpanMap(path)
        let decoder = try SpanDecoder()
        for index in 0..<map.count {
            let range = map.compressedRange(index)
            #expect(!range.isEmpty)
            let bytes = [UInt8](repeating: 7, count: min(range.count, 64))
            _ = bytes.withUnsafeBytes { bytes in try? decoder.decode(map, index, bytes) { $0.count } }
            _ = try map.packedWindow(index).reduce(0) { $0 ^ $1 }
            let part = map.uncompressedRange(index)
            if !part.isEmpty { #expect(map.span(at: part.lowerBound) < map.count) }
        }
    }

    @Test func damagedMaps() throws {
        _ = try image.lazyLayers(in: folder.path)
        let path = folder.path + "/damaged"
        var random = SeededGenerator(seed: 17)
        var refused = 0
        for number in [0, 2] {
            let whole = try TestTool.read("\(folder.path)/cache\(number)/spans")
            for turn in 0..<600 {
                var bytes = whole
                let head = 64 + 64 * (number == 0 ? 20 : 9)
                switch turn % 3 {
                case 0: bytes = Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &random)))
                case 1:
                    for _ in 0..<Int.random(in: 1...3, using: &random) {
                        bytes[Int.random(in: 0..<head, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
                    }
                default:
                    // A whole word at its edges.
                    let word = Int.random(in: 0..<head / 8, using: &random) * 8
                    let value = [UInt64.max, 1 << 63, UInt64(Int64.max), 0, 1].randomElement(using: &random) ?? 0
                    withUnsafeBytes(of: value) { bytes.replaceSubrange(word..<word + 8, with: $0) }
                }
                try TestTool.write(bytes, to: path)
                do { try use(path) } catch { refused += 1 }
            }
        }
        #expect(refused > 400)
    }

    @Test func recordsAtTheEdgesOfTheirRange() throws {
        _ = try image.lazyLayers(in: folder.path)
        let whole = try TestTool.read(folder.path + "/cache0/spans")
        let map = try SpanMap(folder.path + "/cache0/spans")
        #expect((1..<map.count).contains { map.record($0).pointee.bits > 0 })
        let path = folder.path + "/damaged"
        for record in 0..<map.count {
            // Both starts, then the place of the window.
            for field in [0, 8, 16] {
                for value in [Int64.max, Int64.max - 1, -1, Int64.min] {
                    var bytes = whole
                    let place = 64 + 64 * record + field
                    withUnsafeBytes(of: value) { bytes.replaceSubrange(place..<place + 8, with: $0) }
                    try TestTool.write(bytes, to: path)
                    let error = #expect(throws: HermesError.self) { try SpanMap(path) }
                    #expect(error?.code == .corrupt)
                }
            }
        }
    }

    @Test func anotherVersionIsRefused() throws {
        _ = try image.lazyLayers(in: folder.path)
        let path = folder.path + "/cache0/spans"
        var bytes = try TestTool.read(path)
        bytes[7] += 1
        try TestTool.write(bytes, to: path)
        let error = #expect(throws: HermesError.self) { try SpanMap(path) }
        #expect(error?.code == .corrupt)
        try TestTool.write([], to: path)
        #expect(throws: HermesError.self) { try SpanMap(path) }
        #expect(throws: HermesError.self) { try SpanMap(folder.path + "/none") }
    }

    @Test func impossibleSpansAreNotCompiled() throws {
        for size in [Int64.max, Int64.max - 1, 1 << 62] {
            var writer = ZTOCWriter()
            try writer.append(TarEntry(name: Array("a".utf8), kind: .regular, dataOffset: 512, size: 1))
            var bytes: [UInt8] = []
            _ = try writer.writeUncompressed(
                ZTOCWriter.Layer(compressedSize: size, uncompressedArchiveSize: size, spanDigests: [.of([1])]),
                spanSize: Int64.max
            ) { bytes += $0 }
            let file = CompiledImage.Pinned(bytes)
            try withExtendedLifetime(file) {
                let view = try ZTOCView(file.bytes)
                try view.validate()
                let error = #expect(throws: HermesError.self) { try SpanMap.compile(view, in: folder.path) }
                #expect(error?.code == .unsupported)
            }
        }
    }

    // MARK: The cache

    private func bytes(_ count: Int) -> [UInt8] { testBytes(count, seed: 5) }

    @Test func presenceSurvivesReopening() throws {
        let content = bytes(130 * 100)
        var store: SpanStore? = try SpanStore(folder: folder.path, count: 130, size: 13_000)
        let present = [0, 1, 63, 64, 65, 100, 127, 128, 129]
        for span in present {
            try content[span * 100..<span * 100 + 100].withUnsafeBytes { bytes in
                try store?.store(span, bytes, at: Int64(span * 100))
            }
        }
        store = nil
        let again = try SpanStore(folder: folder.path, count: 130, size: 13_000)
        #expect((0..<130).filter { again.isPresent($0) } == present)
        #expect(again.presentCount == present.count)
        var read = [UInt8](repeating: 0, count: 100)
        for span in present {
            let count = try read.withUnsafeMutableBytes { try again.data.read(into: $0, at: Int64(span * 100)) }
            #expect(count == 100)
            #expect(read == Array(content[span * 100..<span * 100 + 100]))
        }
    }

    @Test func twoStoresSeeEachOthersSpans() throws {
        let first = try SpanStore(folder: folder.path, count: 9, size: 90)
        let second = try SpanStore(folder: folder.path, count: 9, size: 90)
        try bytes(10).withUnsafeBytes { try first.store(3, $0, at: 30) }
        #expect(second.isPresent(3))
        try bytes(10).withUnsafeBytes { try second.store(8, $0, at: 80) }
        #expect(first.presentCount == 2)
    }

    @Test func anotherShapeForgetsEverything() throws {
        func filled() throws {
            let store = try SpanStore(folder: folder.path, count: 70, size: 700)
            for span in 0..<70 { try bytes(10).withUnsafeBytes { try store.store(span, $0, at: Int64(span * 10)) } }
            #expect(store.presentCount == 70)
        }
        for byte in [0, 8] {
            try filled()
            var header = try TestTool.read(folder.path + "/present")
            header[byte] ^= 1
            try TestTool.write(header, to: folder.path + "/present")
            #expect(try SpanStore(folder: folder.path, count: 70, size: 700).presentCount == 0)
        }
        for cut in [0, 63, 64, 127, 128, 159] {
            try filled()
            #expect(truncate(folder.path + "/present", cut) == 0)
            #expect(try SpanStore(folder: folder.path, count: 70, size: 700).presentCount == 0)
        }
    }

    @Test(arguments: [nil, 0, 699]) func dataThatAreGoneAreNotPresent(length: Int?) throws {
        do {
            let store = try SpanStore(folder: folder.path, count: 70, size: 700)
            for span in 0..<70 { try bytes(10).withUnsafeBytes { try store.store(span, $0, at: Int64(span * 10)) } }
        }
        let path = folder.path + "/data"
        #expect((length.map { truncate(path, $0) } ?? unlink(path)) == 0)
        let store = try SpanStore(folder: folder.path, count: 70, size: 700)
        #expect(store.presentCount == 0)
        #expect(try store.data.size() == 700)
    }
}
