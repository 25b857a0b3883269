import HermesTestKit
import Testing

@testable import HermesCore

/// Comparisons with other implementations.
@Suite struct GzipReferenceTests {
    /// Python's zlib cannot start inside a byte, so empty blocks in front bring the boundary to the same bit of a byte:
    /// fixed ones have 10 bits, the dynamic one 93.
    private static let readBack = """
        import sys, struct, zlib, hashlib

        def bits_of(*fields):
            value = length = 0
            for width, field in fields:
                value |= field << length
                length += width
            return value, length

        fixed = (10, 2)
        # Code lengths: symbols 1 and 18 have one bit; 138 + 118 zeros, then 1 for the end of block and one distance.
        dynamic = bits_of((3, 4), (5, 0), (5, 0), (4, 15), (6, 0), (3, 1), (42, 0), (3, 1), (3, 0),
            (1, 1), (7, 127), (1, 1), (7, 107), (1, 0), (1, 0), (1, 0))

        stream, blob = open(sys.argv[1], 'rb').read(), open(sys.argv[2], 'rb').read()
        plain = sys.stdin.buffer.read()
        have, _ = struct.unpack_from('<iq', blob)
        assert len(blob) == 12 + 32785 * have
        for number in range(have):
            at, out, bits = struct.unpack_from('<qqB', blob, 12 + 32785 * number)
            window = blob[12 + 32785 * number + 17:][:32768]
            data = stream[at:at + 400000]
            if bits:
                fields = [(dynamic[1], dynamic[0])] if bits % 2 else []
                while (sum(width for width, _ in fields) + bits) % 8: fields.append(fixed)
                value, length = bits_of(*fields, (bits, stream[at - 1] >> (8 - bits)))
                data = value.to_bytes(length // 8, 'little') + data
            count = min(40000, len(plain) - out)
            inflater = zlib.decompressobj(-15, zdict=window)
            got = inflater.decompress(data, count) if count else b''
            assert got == plain[out:out + len(got)], number
            assert len(got) == count or inflater.eof, number
        print(hashlib.sha256(stream).hexdigest(), hashlib.sha256(plain).hexdigest(), have)
        """

    @Test(arguments: GzipCorpus.Variant.allCases)
    func pythonReadsFromEveryCheckpoint(variant: GzipCorpus.Variant) throws {
        let stream = try GzipCorpus.compressed(variant)
        let index = try gzipIndex(stream, spanSize: 60_000).index
        let files = try [GzipTestFile(stream), GzipTestFile(gzipBlob(index))]
        let answer = try gzipTestPython(Self.readBack, files.map(\.path), input: GzipCorpus.plain)
        let expected =
            "\(index.compressedDigest.hex) \(index.uncompressedDigest.hex) \(index.checkpoints.count)\n"
        #expect(String(decoding: answer, as: UTF8.self) == expected)
    }

    /// What soci-snapshotter's gzip_zinfo.c (commit 77fb4266) makes of the fixture: two members of the repository's
    /// own files, with names in their headers and small blocks.
    @Test func checkpointsAreThoseOfTheSociTools() throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let stream = try gzipTestRead("/\(folder)/Fixtures/members.tar.gz")
        let expected: [(Int64, Int64, UInt8)] = [
            (20, 0, 0), (2209, 6379, 7), (4559, 12_656, 6), (5817, 18_658, 4), (7677, 25_684, 1),
            (9783, 31_961, 3),
        ]
        #expect(
            try gzipIndex(stream, spanSize: 6000).index.checkpoints
                == expected.map { Checkpoint(compressedOffset: $0, uncompressedOffset: $1, bits: $2) })
        // With the smallest spans every block has a checkpoint; SHA-256 of their offsets and bits as they are stored.
        let blob = try gzipBlob(gzipIndex(stream, spanSize: 1).index)
        let heads = stride(from: CheckpointBlob.headerSize, to: blob.count, by: CheckpointBlob.recordSize)
            .flatMap { blob[$0..<($0 + 17)] }
        #expect(heads.count == 48 * 17)
        #expect(Digest.of(heads).hex == "9d4f0786654050bb66b30612e17b09838a0f2213c3a7ba7917e894fc92ee23b2")
    }
}
