import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The zTOC that stays in a layer's folder, whose windows lie in the compiled spans.
@Suite struct KeptZTOCTests {
    private let image: IndexedImage
    private let cache: ImageCache
    private let folder: String
    private let ztoc: SOCIIndex.Layer
    private let bytes: [UInt8]

    init() throws {
        // Text that repeats itself a little, so that spans need their windows.
        let text = (0..<40_000).map { "\($0 % 977) \($0 % 31)\n" }.joined()
        image = try IndexedImage([(LayerArchive.make { $0.file("text", text) }, .gzip(.gzip6))], spanSize: 60_000)
        cache = try ImageCache(image.folder.path + "/node")
        let files = try image.files()
        try cache.compile(image.image, files)
        ztoc = files.layers[0].ztoc
        bytes = Self.bytes(of: files.layers[0].file)
        let name = try #require(try FolderListing.names(in: cache.path + "/layers").first)
        folder = "\(cache.path)/layers/\(name)"
    }

    private func kept() throws -> [UInt8] {
        var content: [UInt8] = []
        try TestTool.read(folder + "/ztoc").withUnsafeBytes { try Zstandard.decompress($0) { content += $0 } }
        return content
    }

    private func opened() throws -> [UInt8] { Self.bytes(of: try cache.openZTOC(ztoc.digest, in: folder)) }

    private static func bytes(of file: MappedFile) -> [UInt8] { withExtendedLifetime(file) { Array(file.readOnly) } }

    /// Writes the spans with another value in one of the header's words, and the checksum that goes with it.
    private func setHeader(word: Int, _ value: UInt64) throws {
        var spans = try TestTool.read(folder + "/spans")
        withUnsafeBytes(of: value) { spans.replaceSubrange(8 * word..<8 * word + 8, with: $0) }
        let sum = spans.withUnsafeBytes { XXH64.ofFile($0, without: SpanMap.checksumPlace) }
        withUnsafeBytes(of: sum) { spans.replaceSubrange(SpanMap.checksumPlace..<SpanMap.checksumPlace + 8, with: $0) }
        try TestTool.write(spans, to: folder + "/spans")
        #expect(try SpanMap(folder + "/spans").isIntact)
    }

    @Test func theWindowsAreKeptOnce() throws {
        let kept = try kept()
        let spans = try SpanMap(folder + "/spans")
        #expect(kept.count == bytes.count)
        var windows = 0
        var expected = bytes
        for index in 0..<spans.count {
            guard let offset = spans.ztocOffset(ofWindow: index).map(Int.init) else { continue }
            #expect(bytes[offset..<offset + Checkpoint.windowSize].contains { $0 != 0 })
            expected.replaceSubrange(
                offset..<offset + Checkpoint.windowSize, with: repeatElement(0, count: Checkpoint.windowSize))
            windows += 1
        }
        #expect(windows == spans.count - 1, "all but that of the first span")
        #expect(kept == expected)
        #expect(try opened() == bytes)
    }

    /// What a version left that kept the whole zTOC.
    @Test func theFirstVersionIsRead() throws {
        try setHeader(word: 7, 0)
        try setHeader(word: 0, 0x314e_5053_4d52_4548)
        #expect(throws: HermesError.self, "the windows are nowhere") { try opened() }
        #expect(access(folder + "/ztoc", F_OK) != 0)
        try cache.compile(image.image, try image.files())
        #expect(try kept() == bytes)
        #expect(try opened() == bytes)
    }

    @Test(arguments: [UInt64(1), UInt64(bitPattern: -40_000), UInt64(Int64.max), UInt64(1) << 40])
    func aWrongPlaceIsNotBelieved(place: UInt64) throws {
        try setHeader(word: 7, place)
        let error = #expect(throws: HermesError.self) { try opened() }
        #expect(error?.code == .corrupt)
        #expect(access(folder + "/ztoc", F_OK) != 0)
        // Nothing is written outside of what the zTOC has, either.
        try cache.compile(image.image, try image.files())
        #expect(try kept().count == bytes.count)
    }
}
