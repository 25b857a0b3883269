import HermesSupport

/// The index of a plain tar layer: span i is [i * spanSize, min((i + 1) * spanSize, size)). Safe to share.
package struct UncompressedIndex: Sendable {
    /// The number of bytes in every span but the last.
    package let spanSize: Int64
    /// SHA-256 of each span; empty for an empty layer.
    package let spanDigests: [Digest]
    /// The length of the layer in bytes.
    package let size: Int64
    /// SHA-256 of the layer, which is both its digest and its diff ID.
    package let digest: Digest
}

/// Builds the index of a plain tar layer in one pass: the counterpart of `GzipIndexer`. One thread at a time.
package struct UncompressedIndexer: ~Copyable {
    private let spanSize: Int64
    private var size: Int64 = 0
    // Bytes that the span at hand still lacks.
    private var missing: Int64
    private var spanDigests: [Digest] = []
    private var hash: SHA256
    private var spanHash: SHA256

    /// Starts an index with spans of `spanSize` bytes (1 or more); throws `usage` for less.
    package init(spanSize: Int64) throws {
        guard spanSize > 0 else {
            throw HermesError(.usage, "a span size of \(spanSize) bytes is not positive")
        }
        self.spanSize = spanSize
        missing = spanSize
        hash = SHA256()
        spanHash = SHA256()
    }

    /// Feeds the next bytes, which are handed on to `output` as they are. Throws what `output` throws, and
    /// `unsupported` if the layer needs more spans than an index can count.
    package mutating func consume(
        _ input: UnsafeRawBufferPointer, output: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard !input.isEmpty else { return }
        hash.update(input)
        var start = 0
        while start < input.count {
            let end = Int64(input.count - start) < missing ? input.count : start + Int(missing)
            spanHash.update(UnsafeRawBufferPointer(rebasing: input[start..<end]))
            missing -= Int64(end - start)
            start = end
            if missing == 0 { try endSpan() }
        }
        size += Int64(input.count)
        try output(input)
    }

    /// Ends the layer and returns its index. Throws `unsupported` as `consume` does.
    package mutating func finish() throws -> UncompressedIndex {
        if missing < spanSize { try endSpan() }
        return UncompressedIndex(
            spanSize: spanSize, spanDigests: spanDigests, size: size, digest: hash.finish())
    }

    private mutating func endSpan() throws {
        // A zTOC counts spans in 32 bits, and each digest takes about 80 bytes of a flatbuffer below 2 GiB.
        guard spanDigests.count < 1 << 24 else {
            throw HermesError(
                .unsupported, "the layer needs more than \(1 << 24) spans",
                advice: "use a larger span size than \(spanSize) bytes")
        }
        spanDigests.append(spanHash.finish())
        missing = spanSize
    }
}
