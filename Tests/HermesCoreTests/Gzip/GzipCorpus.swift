import Glibc
import HermesCore

@testable import HermesSupport

/// Real, varied data and the ways to compress it.
enum GzipCorpus {
    /// About 1.3 MB: program text, machine code, a run of zeros, noise, text again from far away.
    static let plain: [UInt8] = {
        var generator = GzipTestGenerator(7)
        let license = file("LICENSE")
        let sources = [
            "Package.swift", "Sources/HermesCore/OCI/Digest.swift",
            "Sources/HermesCore/Gzip/SpanInflater.swift",
        ]
        var bytes = license + sources.flatMap(file)
        let program = (try? gzipTestRead("/usr/bin/python3", from: 2_000_000, limit: 700_000)) ?? []
        bytes += program
        bytes += [UInt8](repeating: 0, count: 150_000)
        bytes += (0..<60_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Lines in a new order at each turn: matches at every distance.
        let lines = (license + sources.flatMap(file)).split(separator: 10, omittingEmptySubsequences: false)
        for _ in 0..<12 { bytes += lines.shuffled(using: &generator).joined(separator: [10]) }
        bytes += program.suffix(90_000)
        return bytes
    }()

    private static func file(_ name: String) -> [UInt8] {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return (try? gzipTestRead("/\(root)/\(name)")) ?? []
    }

    /// How the corpus can be compressed.
    enum Variant: String, CaseIterable, Sendable {
        case gzip1, gzip6, gzip9, pigz, pigzIndependent, fullFlush, syncFlush, huffman, fixed, stored
        case members, emptyMembers, emptyBlocks, headerFields, padded
    }

    /// `bytes` as a gzip stream.
    static func compressed(_ variant: Variant, _ bytes: [UInt8] = plain) throws -> [UInt8] {
        switch variant {
        case .gzip1: try gzipTestRun(["gzip", "-1"], input: bytes)
        case .gzip6: try gzipTestRun(["gzip", "-6"], input: bytes)
        case .gzip9: try gzipTestRun(["gzip", "-9"], input: bytes)
        case .pigz: try gzipTestRun(["pigz", "-p", "2"], input: bytes)
        case .pigzIndependent: try gzipTestRun(["pigz", "-p", "2", "-i", "-b", "128"], input: bytes)
        default: try gzipTestPython(python, [variant.rawValue], input: bytes)
        }
    }

    private static let python = """
        import sys, zlib, struct
        data, kind = sys.stdin.buffer.read(), sys.argv[1]

        def member(data, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, memory=8, flush=None, step=30000, head=None):
            packer = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
            body = b''
            for start in range(0, len(data), step):
                body += packer.compress(data[start:start + step])
                if flush is not None: body += packer.flush(flush)
            head = head or b'\\x1f\\x8b\\x08\\0\\0\\0\\0\\0\\0\\xff'
            return head + body + packer.flush() + struct.pack('<II', zlib.crc32(data), len(data) & 0xffffffff)

        def header():
            head = b'\\x1f\\x8b\\x08\\x1e\\x01\\x02\\x03\\x04\\0\\x03'
            head += struct.pack('<H', 700) + b'AB' + struct.pack('<H', 696) + bytes(range(1, 117)) * 6
            head += b'name of the file.tar\\0' + b'a comment, ' * 50 + b'\\0'
            return head + struct.pack('<H', zlib.crc32(head) & 0xffff)

        def members(pieces):
            ends = [len(data) * n // pieces for n in range(pieces + 1)]
            return [member(data[a:b], level=n % 10) for n, (a, b) in enumerate(zip(ends, ends[1:]))]

        def empty_blocks():
            packer = zlib.compressobj(6, zlib.DEFLATED, -15)
            body = b''.join(packer.flush(zlib.Z_FULL_FLUSH) for _ in range(3))
            half = len(data) // 2
            body += packer.compress(data[:half])
            body += b''.join(packer.flush(zlib.Z_FULL_FLUSH) for _ in range(5))
            # Stored blocks without content, which the flushes of one packer do not repeat.
            body += b'\\0\\0\\0\\xff\\xff' * 7
            body += packer.compress(data[half:]) + packer.flush()
            head = b'\\x1f\\x8b\\x08\\0\\0\\0\\0\\0\\0\\xff' + b'\\0\\0\\0\\xff\\xff' * 4
            return head + body + struct.pack('<II', zlib.crc32(data), len(data))

        make = {
            'fullFlush': lambda: member(data, flush=zlib.Z_FULL_FLUSH),
            'syncFlush': lambda: member(data, flush=zlib.Z_SYNC_FLUSH, step=1500),
            'huffman': lambda: member(data, strategy=zlib.Z_HUFFMAN_ONLY),
            'fixed': lambda: member(data, strategy=zlib.Z_FIXED, memory=1),
            'stored': lambda: member(data, level=0),
            'members': lambda: b''.join(members(23)),
            'emptyMembers': lambda: member(b'') * 3 + (member(b'') * 2).join(members(5)) + member(b'') * 2,
            'emptyBlocks': empty_blocks,
            'headerFields': lambda: member(data[:300000], head=header()) + member(data[300000:], head=header()),
            'padded': lambda: member(data) + bytes(5000),
        }
        sys.stdout.buffer.write(make[kind]())
        """
}

/// Indexes `stream`, pushing it in pieces of random size up to `pieces`; returns the index and all the output.
func gzipIndex(
    _ stream: [UInt8], spanSize: Int64, pieces: Int = 200_000
) throws -> (index: GzipIndex, output: [UInt8]) {
    var generator = GzipTestGenerator(UInt64(stream.count))
    var indexer = try GzipIndexer(spanSize: spanSize)
    var output: [UInt8] = []
    try stream.withUnsafeBytes { bytes in
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

/// The index's checkpoint blob.
func gzipBlob(_ index: GzipIndex) throws -> [UInt8] {
    var blob: [UInt8] = []
    try index.writeCheckpoints { blob.append(contentsOf: $0) }
    return blob
}

/// Inflates compressed bytes from a checkpoint into `count` bytes.
func gzipInflate(
    _ compressed: some Sequence<UInt8>, bits: UInt8, window: UnsafeRawBufferPointer?, count: Int,
    allowsSurplus: Bool = false
) throws -> [UInt8] {
    var inflater = try SpanInflater()
    var output = [UInt8](repeating: 0xa5, count: count)
    try Array(compressed).withUnsafeBytes { bytes in
        try output.withUnsafeMutableBytes {
            try inflater.inflate(bytes, bits: bits, window: window, into: $0, allowsSurplus: allowsSurplus)
        }
    }
    return output
}

/// True for an error of the given class.
func isGzipError(_ error: any Error, _ code: HermesError.Code = .corrupt) -> Bool {
    (error as? HermesError)?.code == code
}

/// True if `bytes` is what `whole` holds in `range`. Quick in a debug build, unlike `elementsEqual`.
func gzipEqual(_ bytes: [UInt8], _ whole: [UInt8], _ range: Range<Int>) -> Bool {
    guard bytes.count == range.count, range.upperBound <= whole.count else { return false }
    return bytes.withUnsafeBytes { left in
        whole.withUnsafeBytes { right in
            guard let one = left.baseAddress, let other = right.baseAddress else { return left.isEmpty }
            return memcmp(one, other + range.lowerBound, left.count) == 0
        }
    }
}
