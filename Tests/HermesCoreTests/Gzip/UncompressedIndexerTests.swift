import Testing

@testable import HermesCore

@Suite struct UncompressedIndexerTests {
    private func index(
        _ bytes: [UInt8], spanSize: Int64, pieces: Int
    ) throws -> (index: UncompressedIndex, output: [UInt8]) {
        var generator = GzipTestGenerator(17)
        var indexer = try UncompressedIndexer(spanSize: spanSize)
        var output: [UInt8] = []
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...pieces, using: &generator))
                try indexer.consume(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) {
                    output.append(contentsOf: $0)
                }
                start = end
            }
        }
        return (try indexer.finish(), output)
    }

    @Test(arguments: [1000, 4096, 300_000, 10_000_000] as [Int64], [1000, 1_000_000])
    func spansAndDigestsAreThoseOfTheBytes(spanSize: Int64, pieces: Int) throws {
        let plain = Array(GzipCorpus.plain[0..<409_600])
        let (index, output) = try index(plain, spanSize: spanSize, pieces: pieces)
        #expect(output == plain)
        #expect(index.size == 409_600 && index.spanSize == spanSize && index.digest == Digest.of(plain))
        let step = Int(min(spanSize, 409_600))
        let spans = stride(from: 0, to: plain.count, by: step).map {
            Array(plain[$0..<min($0 + step, plain.count)])
        }
        #expect(index.spanDigests == spans.map { Digest.of($0) })
    }

    @Test func anEmptyLayerHasNoSpans() throws {
        let index = try index([], spanSize: 10, pieces: 1).index
        #expect(index.size == 0 && index.spanDigests.isEmpty && index.digest == Digest.of([]))
    }
}
