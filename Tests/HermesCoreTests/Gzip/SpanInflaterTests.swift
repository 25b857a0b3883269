import Testing

@testable import HermesCore

@Suite struct SpanInflaterTests {
    private static let plain = Array(GzipCorpus.plain[0..<100_000])

    /// A stream's deflate data and trailer: what follows a header of ten bytes.
    private func body(_ variant: GzipCorpus.Variant, _ bytes: [UInt8] = plain) throws -> ArraySlice<UInt8> {
        try GzipCorpus.compressed(variant, bytes).dropFirst(10)
    }

    private func expectCorrupt(_ compressed: some Sequence<UInt8>, bits: UInt8 = 0, count: Int) {
        #expect {
            _ = try gzipInflate(compressed, bits: bits, window: nil, count: count)
        } throws: {
            isGzipError($0)
        }
    }

    @Test(arguments: [GzipCorpus.Variant.members, .emptyMembers, .padded, .pigzIndependent])
    func aSpanRunsOverMembersAndPadding(variant: GzipCorpus.Variant) throws {
        #expect(try gzipInflate(body(variant), bits: 0, window: nil, count: Self.plain.count) == Self.plain)
    }

    @Test(arguments: [GzipCorpus.Variant.gzip6, .members, .stored])
    func aSpanHoldsExactlyItsOutput(variant: GzipCorpus.Variant) throws {
        let compressed = try body(variant)
        expectCorrupt(compressed, count: Self.plain.count - 1)
        expectCorrupt(compressed, count: Self.plain.count + 1)
        expectCorrupt(compressed, count: 0)
        expectCorrupt(compressed.dropLast(2000), count: Self.plain.count)
        let start = try gzipInflate(compressed, bits: 0, window: nil, count: 70_000, allowsSurplus: true)
        #expect(gzipEqual(start, Self.plain, 0..<70_000))
        #expect(try gzipInflate(compressed, bits: 0, window: nil, count: 0, allowsSurplus: true).isEmpty)
    }

    @Test func anEmptySpanInflatesToNothing() throws {
        let stored: [UInt8] = [0, 0, 0, 0xff, 0xff]
        #expect(try gzipInflate(stored, bits: 0, window: nil, count: 0).isEmpty)
        #expect(try gzipInflate([], bits: 0, window: nil, count: 0).isEmpty)
        expectCorrupt(stored, count: 1)
        expectCorrupt([], count: 1)
    }

    @Test func impossibleCheckpointsAreCorrupt() throws {
        expectCorrupt(try body(.gzip6), bits: 8, count: Self.plain.count)
        expectCorrupt([], bits: 3, count: 0)
        let window = [UInt8](repeating: 0, count: 32_769)
        #expect {
            try window.withUnsafeBytes {
                _ = try gzipInflate(body(.gzip6), bits: 0, window: $0, count: Self.plain.count)
            }
        } throws: {
            isGzipError($0)
        }
    }

    @Test func aReferenceBeforeTheStartIsCorrupt() throws {
        // One fixed block: a match of length 3 at distance 1, with nothing before it; then the end of the block.
        let match: [UInt8] = [0x03, 0x02, 0x00]
        expectCorrupt(match, count: 3)
        let window = [UInt8](repeating: 0x61, count: 32_768)
        let inflated = try window.withUnsafeBytes { try gzipInflate(match, bits: 0, window: $0, count: 3) }
        #expect(inflated == [0x61, 0x61, 0x61])
    }

    @Test func noiseNeverCrashes() {
        var generator = GzipTestGenerator(41)
        for _ in 0..<400 {
            let count = Int.random(in: 0..<3000, using: &generator)
            let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let bits = UInt8.random(in: 0...7, using: &generator)
            do {
                _ = try gzipInflate(noise, bits: bits, window: nil, count: 5000)
            } catch {
                #expect(isGzipError(error))
            }
        }
    }
}
