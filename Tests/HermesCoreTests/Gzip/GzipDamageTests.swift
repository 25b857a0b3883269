import Testing

@testable import HermesCore

/// Damaged, truncated and hostile streams.
@Suite struct GzipDamageTests {
    private static let plain = Array(GzipCorpus.plain[0..<200_000])

    private func expectCorrupt(_ stream: [UInt8], _ note: Comment? = nil) {
        #expect(note) {
            _ = try gzipIndex(stream, spanSize: 40_000)
        } throws: {
            isGzipError($0)
        }
    }

    @Test(arguments: [GzipCorpus.Variant.gzip6, .members, .headerFields, .emptyMembers])
    func aTruncatedStreamIsCorrupt(variant: GzipCorpus.Variant) throws {
        let stream = try GzipCorpus.compressed(variant, Self.plain)
        // Where a member ends, what came so far is a whole stream.
        let ends = memberEnds(stream)
        #expect(ends.last == stream.count)
        var generator = GzipTestGenerator(11)
        var lengths = Array(0..<25) + ((stream.count - 20)..<stream.count)
        lengths += (0..<25).map { _ in Int.random(in: 0..<stream.count, using: &generator) }
        for length in lengths where !ends.contains(length) {
            expectCorrupt(Array(stream[..<length]), "cut at \(length)")
        }
        for end in ends {
            #expect(throws: Never.self) { try gzipIndex(Array(stream[..<end]), spanSize: 40_000) }
        }
    }

    /// Offsets at which members end, by Python's account.
    private func memberEnds(_ stream: [UInt8]) -> [Int] {
        let program = """
            import sys, zlib
            data = sys.stdin.buffer.read(); left = data
            while left:
                member = zlib.decompressobj(31); member.decompress(left); left = member.unused_data
                print(len(data) - len(left))
            """
        let answer = (try? gzipTestPython(program, input: stream)) ?? []
        return String(decoding: answer, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
    }

    @Test(arguments: [GzipCorpus.Variant.gzip9, .members, .stored, .fixed])
    func aFlippedBitIsFoundOrHarmless(variant: GzipCorpus.Variant) throws {
        let stream = try GzipCorpus.compressed(variant, Self.plain)
        var generator = GzipTestGenerator(5)
        var found = 0
        for _ in 0..<60 {
            var damaged = stream
            damaged[Int.random(in: 0..<stream.count, using: &generator)] ^=
                1 << Int.random(in: 0..<8, using: &generator)
            do {
                // Bits that mean nothing, such as a header's time stamp, change no output.
                #expect(try gzipIndex(damaged, spanSize: 40_000).output == Self.plain)
            } catch {
                #expect(isGzipError(error))
                found += 1
            }
        }
        #expect(found > 40)
    }

    @Test func aDamagedSpanNeverWritesOutsideItsOutput() throws {
        let stream = try GzipCorpus.compressed(.members, Self.plain)
        let index = try gzipIndex(stream, spanSize: 40_000).index
        let guardSize = 4096
        var inflater = try SpanInflater()
        var generator = GzipTestGenerator(23)
        for _ in 0..<300 {
            let span = Int.random(in: 0..<index.checkpoints.count - 1, using: &generator)
            let (here, next) = (index.checkpoints[span], index.checkpoints[span + 1])
            let count = Int(next.uncompressedOffset - here.uncompressedOffset)
            var compressed = Array(stream[Int(here.spanStart)..<Int(next.compressedOffset)])
            let position = Int.random(in: 0..<compressed.count, using: &generator)
            compressed[position] ^= 1 << Int.random(in: 0..<8, using: &generator)
            #expect(Digest.of(compressed) != index.spanDigests[span])
            var output = [UInt8](repeating: 0xa5, count: count + guardSize)
            do {
                try index.withWindow(span) { window in
                    try compressed.withUnsafeBytes { bytes in
                        try output.withUnsafeMutableBytes {
                            try inflater.inflate(
                                bytes, bits: here.bits, window: window,
                                into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
                        }
                    }
                }
            } catch {
                #expect(isGzipError(error))
            }
            #expect(output[count...].allSatisfy { $0 == 0xa5 })
        }
        // The inflater that has seen all this still works.
        let first = index.checkpoints[0]
        let right = Array(stream[Int(first.spanStart)..<Int(index.checkpoints[1].compressedOffset)])
        var output = [UInt8](repeating: 0, count: Int(index.checkpoints[1].uncompressedOffset))
        try right.withUnsafeBytes { bytes in
            try output.withUnsafeMutableBytes { try inflater.inflate(bytes, bits: 0, window: nil, into: $0) }
        }
        #expect(gzipEqual(output, Self.plain, 0..<output.count))
    }

    @Test func wrongChecksumLengthAndTailAreCorrupt() throws {
        let stream = try GzipCorpus.compressed(.gzip6, Self.plain)
        for offset in 1...8 {
            var damaged = stream
            damaged[stream.count - offset] ^= 0x10
            expectCorrupt(damaged, "trailer byte \(offset) from the end")
        }
        for tail in [[1], [0, 0, 7], [0x1f], [0x1f, 0], [0x1f, 0x8b, 8], Array("garbage".utf8)] as [[UInt8]] {
            expectCorrupt(stream + tail, "followed by \(tail)")
        }
        expectCorrupt(stream + [0] + stream, "a member behind zero bytes")
    }

    @Test func whatIsNotGzipIsCorrupt() throws {
        expectCorrupt([], "nothing")
        expectCorrupt([UInt8](repeating: 0, count: 1000), "zero bytes")
        expectCorrupt(Self.plain, "plain data")
        let zlib = "import sys, zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))"
        expectCorrupt(try gzipTestPython(zlib, input: Self.plain), "the zlib format")
        expectCorrupt(try gzipTestRun(["zstd", "-c"], input: Self.plain), "the zstd format")
    }

    @Test func errorsTellTheOffset() throws {
        let stream = try GzipCorpus.compressed(.gzip6, Self.plain)
        func message(_ stream: [UInt8]) -> String {
            do {
                _ = try gzipIndex(stream, spanSize: 40_000)
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(message(Array(stream[..<1000])).contains("ends at byte 1000"))
        #expect(message(stream + [7]).contains("at byte \(stream.count)"))
    }

    @Test func afterAFailureTheIndexerStaysFailed() throws {
        struct Stop: Error {}
        let stream = try GzipCorpus.compressed(.gzip6, Self.plain)
        var indexer = try GzipIndexer(spanSize: 40_000)
        var thrown: [any Error] = []
        stream.withUnsafeBytes { bytes in
            for _ in 0..<2 {
                do {
                    try indexer.consume(bytes) { _ in throw Stop() }
                } catch {
                    thrown.append(error)
                }
            }
        }
        do {
            _ = try indexer.finish()
        } catch {
            thrown.append(error)
        }
        #expect(thrown.count == 3)
        #expect(thrown.first is Stop && thrown.dropFirst().allSatisfy { isGzipError($0) })
    }

    @Test func theNumberOfCheckpointsIsBounded() throws {
        // Four blocks of the fixed code with two letters each are 104 bits: the header, the letters, the end of the block.
        let bits = Array(String(repeating: "010" + "10010001" + "10010001" + "0000000", count: 4).utf8)
        let four = stride(from: 0, to: bits.count, by: 8).map { start in
            (0..<8).reduce(UInt8(0)) { $0 | (bits[start + $1] & 1) << UInt8($1) }
        }
        let stream: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + (0..<17_000).flatMap { _ in four }
        #expect {
            _ = try gzipIndex(stream, spanSize: 1)
        } throws: {
            isGzipError($0, .unsupported)
        }
    }

    @Test(arguments: [0, -1, Int64.min])
    func aSpanSizeIsPositive(spanSize: Int64) {
        #expect {
            _ = try GzipIndexer(spanSize: spanSize)
        } throws: {
            isGzipError($0, .usage)
        }
        #expect {
            _ = try UncompressedIndexer(spanSize: spanSize)
        } throws: {
            isGzipError($0, .usage)
        }
    }
}
