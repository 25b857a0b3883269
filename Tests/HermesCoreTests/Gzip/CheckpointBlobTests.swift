import Testing

@testable import HermesCore

@Suite struct CheckpointBlobTests {
    private static let record = 32_785
    private static let compressedSize: Int64 = 10_000
    private static let uncompressedSize: Int64 = 50_000

    /// A blob of given checkpoints whose windows hold their number; `have` as stated.
    private func blob(_ have: Int32, _ checkpoints: [(Int64, Int64, UInt8)], spanSize: Int64 = 4096)
        -> [UInt8]
    {
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        var blob = bytes(have) + bytes(spanSize)
        for (number, checkpoint) in checkpoints.enumerated() {
            blob += bytes(checkpoint.0) + bytes(checkpoint.1) + [checkpoint.2]
            blob += [UInt8](repeating: UInt8(number + 1), count: 32_768)
        }
        return blob
    }

    private func withBlob<R>(
        _ bytes: [UInt8], compressed: Int64 = compressedSize, uncompressed: Int64 = uncompressedSize,
        _ body: (CheckpointBlob) throws -> R
    ) throws -> R {
        try bytes.withUnsafeBytes {
            try body(CheckpointBlob($0, compressedSize: compressed, uncompressedSize: uncompressed))
        }
    }

    private func expectCorrupt(_ bytes: [UInt8], _ note: Comment, compressed: Int64 = compressedSize) {
        #expect(note) {
            try withBlob(bytes, compressed: compressed) { _ in }
        } throws: {
            isGzipError($0)
        }
    }

    @Test func readsVersion2() throws {
        try withBlob(blob(3, [(17, 0, 0), (900, 5000, 3), (901, 5000, 7)])) { blob in
            #expect(blob.count == 3 && blob.spanSize == 4096)
            #expect(
                blob.checkpoint(1) == Checkpoint(compressedOffset: 900, uncompressedOffset: 5000, bits: 3))
            #expect((0..<3).map { blob.window($0)?.first } == [1, 2, 3])
            #expect((0..<3).map { blob.window($0)?.last } == [1, 2, 3])
            #expect((0..<3).map { blob.compressedRange(ofSpan: $0) } == [17..<900, 899..<901, 900..<10_000])
            #expect(
                (0..<3).map { blob.uncompressedRange(ofSpan: $0) } == [0..<5000, 5000..<5000, 5000..<50_000])
        }
    }

    @Test func readsVersion1WithItsImplicitCheckpoint() throws {
        try withBlob(blob(3, [(900, 5000, 3), (1901, 9000, 0)])) { blob in
            #expect(blob.count == 3)
            #expect(blob.checkpoint(0) == Checkpoint(compressedOffset: 10, uncompressedOffset: 0, bits: 0))
            #expect(blob.window(0) == nil)
            #expect(
                blob.checkpoint(2) == Checkpoint(compressedOffset: 1901, uncompressedOffset: 9000, bits: 0))
            #expect(blob.window(1)?.first == 1 && blob.window(2)?.count == 32_768)
            #expect(blob.compressedRange(ofSpan: 0) == 10..<900)
        }
        try withBlob(blob(1, [])) { blob in
            #expect(blob.count == 1 && blob.compressedRange(ofSpan: 0) == 10..<10_000)
        }
    }

    @Test func readsABlobWithoutCheckpoints() throws {
        try withBlob(blob(0, []), compressed: 0, uncompressed: 0) { #expect($0.count == 0) }
    }

    /// An index as old tools write it still finds every span.
    @Test func aVersion1BlobReadsRealData() throws {
        let plain = Array(GzipCorpus.plain[0..<400_000])
        // pigz without a name writes the shortest header, which is what version 1 takes for granted.
        let stream = try GzipCorpus.compressed(.pigz, plain)
        var bytes = try gzipBlob(gzipIndex(stream, spanSize: 50_000).index)
        bytes.removeSubrange(12..<(12 + Self.record))
        try withBlob(bytes, compressed: Int64(stream.count), uncompressed: 400_000) { blob in
            #expect(blob.count > 3)
            for span in 0..<blob.count {
                let source = blob.compressedRange(ofSpan: span)
                let target = blob.uncompressedRange(ofSpan: span)
                let inflated = try gzipInflate(
                    stream[Int(source.lowerBound)..<Int(source.upperBound)], bits: blob.checkpoint(span).bits,
                    window: blob.window(span), count: target.count)
                #expect(gzipEqual(inflated, plain, Int(target.lowerBound)..<Int(target.upperBound)))
            }
        }
    }

    @Test func aBlobWhoseLengthIsWrongIsCorrupt() {
        let right = blob(3, [(17, 0, 0), (900, 5000, 3), (1901, 9000, 7)])
        for length in [
            0, 1, 11, 12, 13, right.count - Self.record * 2, right.count - Self.record - 1, right.count - 1,
        ] {
            expectCorrupt(Array(right[..<length]), "\(length) bytes")
        }
        expectCorrupt(right + [0], "one byte more")
        for have in [Int32.min, -1, 0, 1, 2, 5, Int32.max] {
            expectCorrupt(
                blob(have, [(17, 0, 0), (900, 5000, 3), (1901, 9000, 7)]), "\(have) checkpoints stated")
        }
        expectCorrupt(blob(Int32.max, []), "no record")
        expectCorrupt(blob(-1, []), "a negative number")
        expectCorrupt(blob(0, [], spanSize: -1), "a negative span size")
    }

    @Test(
        arguments: [
            [(9, 0, 0)], [(-1, 0, 0)], [(17, 1, 0)], [(17, 0, 8)], [(17, 0, 255)], [(10_000, 0, 0)],
            [(Int64.max, 0, 0)],
            [(Int64.min, 0, 0)], [(17, 0, 0), (17, 5, 0)], [(17, 0, 0), (16, 5, 0)],
            [(17, 0, 0), (20, 50_001, 0)], [(17, 0, 0), (20, -1, 0)], [(17, 0, 0), (20, 9, 0), (30, 8, 0)],
            [(17, 0, 0), (20, Int64.max, 0)], [(17, 0, 0), (Int64.max, 20, 0)],
        ] as [[(Int64, Int64, UInt8)]])
    func checkpointsOutOfOrderAreCorrupt(checkpoints: [(Int64, Int64, UInt8)]) {
        expectCorrupt(blob(Int32(checkpoints.count), checkpoints), "\(checkpoints)")
    }

    @Test func anImplicitCheckpointLiesInsideTheLayer() {
        expectCorrupt(blob(1, []), "a layer shorter than a header", compressed: 10)
        expectCorrupt(blob(2, [(10, 5, 0)]), "a checkpoint at the implicit one")
        expectCorrupt(blob(1, []), "a negative size", compressed: -1)
    }

    @Test func randomBytesNeverTrap() {
        var generator = GzipTestGenerator(99)
        let right = blob(3, [(17, 0, 0), (900, 5000, 3), (1901, 9000, 7)])
        for _ in 0..<400 {
            var damaged = right
            for _ in 0..<4 {
                // Into the numbers: the header or the head of a record.
                let part = Int.random(in: 0..<4, using: &generator)
                let position =
                    part == 3
                    ? Int.random(in: 0..<12, using: &generator)
                    : 12 + part * Self.record + Int.random(in: 0..<17, using: &generator)
                damaged[position] = UInt8.random(in: 0...255, using: &generator)
            }
            do {
                try withBlob(damaged) { blob in
                    for span in 0..<blob.count {
                        let source = blob.compressedRange(ofSpan: span)
                        let target = blob.uncompressedRange(ofSpan: span)
                        #expect(
                            source.lowerBound >= 9 && source.upperBound <= Self.compressedSize
                                && !source.isEmpty)
                        #expect(target.lowerBound >= 0 && target.upperBound <= Self.uncompressedSize)
                    }
                }
            } catch {
                #expect(isGzipError(error))
            }
        }
    }
}
