import Testing

@testable import HermesCore

@Suite struct BlockInflaterTests {
    /// The span behind `window.count` bytes of `output`; nil when the inflater leaves it to another.
    private func inflate(
        _ compressed: some Sequence<UInt8>, bits: UInt8, endBits: UInt8, window: UnsafeRawBufferPointer?, count: Int
    ) throws -> [UInt8]? {
        var inflater = try BlockInflater()
        let headroom = window?.count ?? 0
        var output = [UInt8](repeating: 0xa5, count: headroom + count)
        let isDone = Array(compressed).withUnsafeBytes { bytes in
            output.withUnsafeMutableBytes {
                inflater.inflate(bytes, bits: bits, endBits: endBits, window: window, into: $0)
            }
        }
        return isDone ? Array(output[headroom...]) : nil
    }

    @Test(arguments: GzipCorpus.Variant.allCases, [4096, 70_000, 1_000_000] as [Int64])
    func everySpanThatEndsAtACheckpoint(variant: GzipCorpus.Variant, spanSize: Int64) throws {
        let plain = GzipCorpus.plain
        let stream = try GzipCorpus.compressed(variant)
        let (index, _) = try gzipIndex(stream, spanSize: spanSize)
        let blob = try gzipBlob(index)
        var left: [Int] = []
        try blob.withUnsafeBytes { bytes in
            let checkpoints = try CheckpointBlob(
                bytes, compressedSize: Int64(stream.count), uncompressedSize: Int64(plain.count))
            for span in 0..<checkpoints.count - 1 {
                let source = checkpoints.compressedRange(ofSpan: span)
                let target = checkpoints.uncompressedRange(ofSpan: span)
                let inflated = try inflate(
                    stream[Int(source.lowerBound)..<Int(source.upperBound)], bits: checkpoints.checkpoint(span).bits,
                    endBits: checkpoints.checkpoint(span + 1).bits, window: checkpoints.window(span),
                    count: target.count)
                guard let inflated else {
                    left.append(span)
                    continue
                }
                #expect(gzipEqual(inflated, plain, Int(target.lowerBound)..<Int(target.upperBound)))
            }
        }
        // Only the end of a member is left to zlib's stream.
        let hasMembers = [.members, .emptyMembers, .padded, .pigzIndependent, .headerFields].contains(variant)
        #expect(hasMembers || left.isEmpty, "\(left) of \(index.checkpoints.count)")
    }

    @Test func whatIsNotTheSpanIsLeft() throws {
        let stream = try GzipCorpus.compressed(.gzip6)
        let index = try gzipIndex(stream, spanSize: 50_000).index
        let (first, second) = (index.checkpoints[1], index.checkpoints[2])
        let count = Int(second.uncompressedOffset - first.uncompressedOffset)
        let compressed = Array(stream[Int(first.spanStart)..<Int(second.spanStart + (second.bits == 0 ? 0 : 1))])
        let window = try index.withWindow(1) { Array($0) }
        func inflated(_ bytes: [UInt8], _ count: Int) throws -> [UInt8]? {
            try window.withUnsafeBytes {
                try inflate(bytes, bits: first.bits, endBits: second.bits, window: $0, count: count)
            }
        }
        #expect(try inflated(compressed, count) != nil)
        #expect(try inflated(compressed, count + 1) == nil)
        #expect(try inflated(compressed, count - 1) == nil)
        #expect(try inflated(Array(compressed.dropLast(compressed.count / 2)), count) == nil)
        #expect(try inflated([], count) == nil)
    }

    @Test func noiseNeverCrashes() throws {
        var generator = GzipTestGenerator(43)
        for _ in 0..<400 {
            let noise = (0..<Int.random(in: 0..<3000, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let bits = UInt8.random(in: 0...9, using: &generator)
            let endBits = UInt8.random(in: 0...9, using: &generator)
            _ = try inflate(noise, bits: bits, endBits: endBits, window: nil, count: 5000)
        }
    }
}
