import Testing

@testable import HermesCore

@Suite struct GzipRandomAccessTests {
    @Test(arguments: GzipCorpus.Variant.allCases, [4096, 70_000, 10_000_000] as [Int64])
    func everySpanAndAnyRangeEqualsPlainInflate(variant: GzipCorpus.Variant, spanSize: Int64) throws {
        let plain = GzipCorpus.plain
        let stream = try GzipCorpus.compressed(variant)
        let (index, output) = try gzipIndex(stream, spanSize: spanSize)
        #expect(output == plain)
        #expect(index.compressedDigest == Digest.of(stream))
        #expect(index.uncompressedDigest == Digest.of(plain))
        #expect(index.compressedSize == stream.count && index.uncompressedSize == plain.count)
        #expect(index.spanDigests.count == index.checkpoints.count)

        let blob = try gzipBlob(index)
        #expect(blob.count == index.checkpointBlobSize)
        try blob.withUnsafeBytes { bytes in
            let checkpoints = try CheckpointBlob(
                bytes, compressedSize: Int64(stream.count), uncompressedSize: Int64(plain.count))
            #expect((0..<checkpoints.count).map { checkpoints.checkpoint($0) } == index.checkpoints)
            var spans: [[UInt8]] = []
            for span in 0..<checkpoints.count {
                let source = checkpoints.compressedRange(ofSpan: span)
                let target = checkpoints.uncompressedRange(ofSpan: span)
                let compressed = stream[Int(source.lowerBound)..<Int(source.upperBound)]
                #expect(Digest.of(Array(compressed)) == index.spanDigests[span])
                let inflated = try gzipInflate(
                    compressed, bits: checkpoints.checkpoint(span).bits, window: checkpoints.window(span),
                    count: target.count)
                #expect(gzipEqual(inflated, plain, Int(target.lowerBound)..<Int(target.upperBound)))
                spans.append(inflated)
            }
            checkRandomRanges(spans, index.checkpoints, plain)
        }
    }

    /// Puts random ranges together from spans, as a reader of files does.
    private func checkRandomRanges(_ spans: [[UInt8]], _ checkpoints: [Checkpoint], _ plain: [UInt8]) {
        var generator = GzipTestGenerator(UInt64(spans.count))
        for _ in 0..<25 {
            let start = Int.random(in: 0..<plain.count, using: &generator)
            let end = min(plain.count, start + Int.random(in: 0..<200_000, using: &generator))
            var bytes: [UInt8] = []
            for (span, checkpoint) in zip(spans, checkpoints) {
                let first = Int(checkpoint.uncompressedOffset)
                let range = (start..<end).clamped(to: first..<(first + span.count))
                if !range.isEmpty { bytes += span[(range.lowerBound - first)..<(range.upperBound - first)] }
            }
            #expect(gzipEqual(bytes, plain, start..<end))
        }
    }

    @Test(arguments: [GzipCorpus.Variant.gzip9, .members, .syncFlush, .fixed])
    func aSparseWindowIsEnoughToReadOnToTheEnd(variant: GzipCorpus.Variant) throws {
        let plain = GzipCorpus.plain
        let stream = try GzipCorpus.compressed(variant)
        let index = try gzipIndex(stream, spanSize: 50_000).index
        for (number, checkpoint) in index.checkpoints.enumerated() {
            let start = Int(checkpoint.uncompressedOffset)
            let inflated = try index.withWindow(number) {
                try gzipInflate(
                    stream[Int(checkpoint.spanStart)...], bits: checkpoint.bits, window: $0,
                    count: plain.count - start)
            }
            #expect(gzipEqual(inflated, plain, start..<plain.count))
        }
    }

    @Test func everyByteLeftInASparseWindowIsNeeded() throws {
        let stream = try GzipCorpus.compressed(.gzip6)
        let index = try gzipIndex(stream, spanSize: 100_000).index
        var generator = GzipTestGenerator(3)
        var kept = 0
        for (number, checkpoint) in index.checkpoints.enumerated() {
            var window = try index.withWindow(number) { Array($0) }
            let positions = window.indices.filter { window[$0] != 0 }
            kept += positions.count
            let count = min(32_768, Int(index.uncompressedSize - checkpoint.uncompressedOffset))
            func inflated() throws -> [UInt8] {
                try window.withUnsafeBytes {
                    try gzipInflate(
                        stream[Int(checkpoint.spanStart)...], bits: checkpoint.bits, window: $0, count: count,
                        allowsSurplus: true)
                }
            }
            let right = try inflated()
            for position in positions.shuffled(using: &generator).prefix(8) {
                window[position] ^= 0x55
                #expect(try inflated() != right)
                window[position] ^= 0x55
            }
        }
        #expect(kept > 0 && kept < index.checkpoints.count * 32_768 / 2)
    }

    /// A corpus whose parts cannot be read would make every other test here easy.
    @Test func theCorpusIsWhole() { #expect(GzipCorpus.plain.count > 1_000_000) }

    @Test func windowsTakeLittleMemory() throws {
        let index = try gzipIndex(GzipCorpus.compressed(.gzip6), spanSize: 40_000).index
        #expect(index.windows.count == index.checkpoints.count)
        #expect(index.windows.bytes.count < index.checkpoints.count * 32_768 / 4)
    }

    @Test(arguments: [GzipCorpus.Variant.gzip6, .emptyBlocks, .emptyMembers, .headerFields])
    func theIndexDoesNotDependOnThePieces(variant: GzipCorpus.Variant) throws {
        let stream = try GzipCorpus.compressed(variant, Array(GzipCorpus.plain[0..<300_000]))
        let whole = try gzipIndex(stream, spanSize: 33_000, pieces: 10_000_000)
        let single = try gzipIndex(stream, spanSize: 33_000, pieces: 1)
        #expect(whole.index.checkpoints == single.index.checkpoints)
        #expect(whole.index.spanDigests == single.index.spanDigests)
        #expect(whole.index.compressedDigest == single.index.compressedDigest)
        #expect(try gzipBlob(whole.index) == gzipBlob(single.index))
        #expect(whole.output == single.output)
    }

    /// The SOCI snapshotter refuses two checkpoints with one output offset.
    @Test(arguments: [GzipCorpus.Variant.emptyBlocks, .emptyMembers])
    func emptyBlocksMakeNoEmptySpans(variant: GzipCorpus.Variant) throws {
        let index = try gzipIndex(GzipCorpus.compressed(variant), spanSize: 1).index
        #expect(index.checkpoints.count > 4 && index.checkpoints.first?.uncompressedOffset == 0)
        #expect(
            zip(index.checkpoints, index.checkpoints.dropFirst())
                .allSatisfy { $0.uncompressedOffset < $1.uncompressedOffset })
    }
}
