import CZlib

@testable import HermesCore
@testable import HermesSupport

extension FuzzTarget {
    /// Gzip streams, in one of three forms: as they are; a deflate stream that gets its header and trailer here, as
    /// mutations never hit a checksum; or text that is compressed here. Each span inflates to its part of the whole.
    static let gzip = FuzzTarget(name: "gzip") { bytes in
        var input = FuzzInput(bytes)
        let form = input.byte()
        let seed = input.byte()
        let spanSize = [1, 100, 1000, 5000, 32_768, 40_000, 65_536, 200_000][input.byte() % 8]
        let stream: [UInt8]
        switch form % 4 {
        case 0: stream = Array(input.rest)
        case 1: stream = try GzipForms.wrapped(input.rest)
        case 2: stream = try GzipForms.compressed(input.rest, level: Int32(form / 4 % 10), seed: seed)
        default: return try inflateHostile(input.rest, bits: seed, size: spanSize)
        }
        try stream.withUnsafeBytes { try roundTrip($0, spanSize: Int64(spanSize), seed: seed) }
    }

    /// The most bytes that a stream may inflate to here. Windows are slow to trace and to pack, so few
    /// spans are tried.
    private static func limit(_ spanSize: Int64) -> Int { min(150_000, Int(spanSize) * 10) }

    private static func roundTrip(_ stream: UnsafeRawBufferPointer, spanSize: Int64, seed: Int) throws {
        var output: [UInt8] = []
        var indexer = try GzipIndexer(spanSize: spanSize)
        try inPieces(stream, seed: seed) { piece in
            try indexer.consume(piece) { bytes in
                output += bytes
                guard output.count <= limit(spanSize) else { throw HermesError(.unsupported, "too large to go on") }
            }
        }
        let index = try indexer.finish()
        check(index.compressedSize == Int64(stream.count), "the size of the stream is wrong")
        check(index.compressedDigest == Digest.of(stream), "the digest of the stream is wrong")
        check(index.uncompressedDigest == Digest.of(output), "the digest of the output is wrong")
        check(try GzipForms.inflated(stream, limit: limit(spanSize)) == output, "the output is not what zlib inflates")

        var stored: [UInt8] = []
        try index.writeCheckpoints { stored += $0 }
        try stored.withUnsafeBytes { stored in
            let blob = try CheckpointBlob(
                stored, compressedSize: index.compressedSize, uncompressedSize: index.uncompressedSize)
            check(blob.count == index.spanDigests.count, "a span has no digest")
            var inflater = try SpanInflater()
            var blocks = try BlockInflater()
            for span in 0..<blob.count {
                let place = blob.compressedRange(ofSpan: span)
                let range = blob.uncompressedRange(ofSpan: span)
                let bytes = UnsafeRawBufferPointer(
                    rebasing: stream[Int(place.lowerBound)..<Int(place.upperBound)])
                check(Digest.of(bytes) == index.spanDigests[span], "the digest of span \(span) is wrong")
                var part = [UInt8](repeating: 0, count: range.count)
                try part.withUnsafeMutableBytes {
                    try inflater.inflate(
                        bytes, bits: blob.checkpoint(span).bits,
                        window: range.lowerBound == 0 ? nil : blob.window(span), into: $0)
                }
                check(output[Int(range.lowerBound)..<Int(range.upperBound)].elementsEqual(part), "span \(span) differs")
                guard span + 1 < blob.count else { continue }
                let window = range.lowerBound == 0 ? nil : blob.window(span)
                let headroom = window?.count ?? 0
                var whole = [UInt8](repeating: 0, count: headroom + range.count)
                let isDone = whole.withUnsafeMutableBytes {
                    blocks.inflate(
                        bytes, bits: blob.checkpoint(span).bits, endBits: blob.checkpoint(span + 1).bits,
                        window: window, into: $0)
                }
                check(!isDone || whole[headroom...].elementsEqual(part), "span \(span) differs in one go")
            }
        }
    }

    /// A span whose checkpoint a hostile zTOC has made up.
    private static func inflateHostile(_ span: UnsafeRawBufferPointer, bits: Int, size: Int) throws {
        var inflater = try SpanInflater()
        var blocks = try BlockInflater()
        let window = [UInt8](repeating: 0x61, count: Checkpoint.windowSize)
        var output = [UInt8](repeating: 0, count: size)
        try window.withUnsafeBytes { window in
            output.withUnsafeMutableBytes {
                _ = blocks.inflate(
                    span, bits: UInt8(bits % 9), endBits: UInt8(size % 9), window: bits > 127 ? window : nil, into: $0)
            }
            try output.withUnsafeMutableBytes {
                try inflater.inflate(
                    span, bits: UInt8(bits % 9), window: bits > 127 ? window : nil, into: $0,
                    allowsSurplus: bits % 2 == 0)
            }
        }
    }
}
