import CZlib
import HermesSupport

/// Builds the index of a gzip stream in one pass over its bytes, which are pushed in as they arrive.
///
/// Checkpoints lie where the SOCI tools put them (zran's rule): at the first deflate block boundary of the stream, and
/// at each one with more than `spanSize` bytes of output since the last checkpoint. No two checkpoints have the same
/// output offset, because the SOCI snapshotter refuses them, and none lies behind the end of the content that a zTOC counts.
/// Concatenated members count as one stream (RFC 1952 section 2.2), zero bytes after the last member as part of it, as in gzip.
/// Memory does not grow with the layer, apart from a few KiB for each checkpoint.
///
/// One thread at a time. After a throw every further call throws as well.
package struct GzipIndexer: ~Copyable {
    /// The part of the format to which the next compressed byte belongs.
    enum Phase {
        /// In a member: header, deflate data or trailer.
        case member
        /// The first one after a member.
        case between
        /// In the zero bytes after the last member.
        case padding
        /// Nothing: a call has thrown.
        case failed
    }

    /// The most checkpoints that a zTOC can hold: their blob is a flatbuffers vector, below 2 GiB.
    static let maxCheckpoints = (Int(Int32.max) - CheckpointBlob.headerSize) / CheckpointBlob.recordSize

    let spanSize: Int64
    var stream: InflateStream
    var buffer: SlidingBuffer
    var tracer: WindowTracer
    var windows: WindowPacker
    var phase = Phase.member
    var compressedOffset: Int64 = 0
    var uncompressedOffset: Int64 = 0
    var lastByte: UInt8 = 0
    var checkpoints: [Checkpoint] = []
    var spanDigests: [Digest] = []
    var compressedHash: SHA256
    var uncompressedHash: SHA256
    var spanHash: SHA256

    /// Starts an index whose spans hold at least `spanSize` uncompressed bytes (1 or more; SOCI's default is 4 MiB).
    ///
    /// Throws `usage` for a span size below 1, `system` when memory is short. Windows are stored sparse only if spans
    /// are at least as long as a window (32 KiB).
    package init(spanSize: Int64) throws {
        guard spanSize > 0 else {
            throw HermesError(.usage, "a span size of \(spanSize) bytes is not positive")
        }
        // Everything that can fail comes before the first property: a value that cannot be copied cannot be half made.
        let stream = try InflateStream(windowBits: InflateStream.gzip)
        let tracer = try WindowTracer()
        let windows = try WindowPacker()
        self.spanSize = spanSize
        self.stream = stream
        self.tracer = tracer
        self.windows = windows
        buffer = SlidingBuffer()
        compressedHash = SHA256()
        uncompressedHash = SHA256()
        spanHash = SHA256()
    }

    /// Feeds the next compressed bytes; any number at a time, 64 KiB or more being the fastest.
    ///
    /// `output` is called with each run of uncompressed bytes, in order; the buffer is valid for the call only. All
    /// output that follows from the bytes fed so far has been delivered when the call returns. `hasEnded` says whether the
    /// output so far has all of the content, so that no span begins behind it. Throws `corrupt` for
    /// bytes that are not gzip (with their offset), `unsupported` if the stream needs more checkpoints than an index
    /// can hold, and what `output` throws.
    package mutating func consume(
        _ input: UnsafeRawBufferPointer, output: (UnsafeRawBufferPointer) throws -> Void,
        hasEnded: () -> Bool = { false }
    ) throws {
        do {
            try advance(input, output, hasEnded)
        } catch {
            phase = .failed
            throw error
        }
    }

    /// Ends the stream and returns its index; throws `corrupt` if the stream is truncated.
    package mutating func finish() throws -> GzipIndex {
        defer { phase = .failed }
        switch phase {
        case .between, .padding: break
        case .member:
            throw HermesError(
                .corrupt, "the gzip data is truncated: it ends at byte \(compressedOffset), inside a member")
        case .failed: throw Self.reuse
        }
        try storeTracedWindow()
        spanDigests.append(spanHash.finish())
        return GzipIndex(
            spanSize: spanSize, checkpoints: checkpoints, spanDigests: spanDigests,
            compressedSize: compressedOffset, uncompressedSize: uncompressedOffset,
            compressedDigest: compressedHash.finish(), uncompressedDigest: uncompressedHash.finish(),
            windows: windows.store)
    }

    static var reuse: HermesError {
        HermesError(.corrupt, "the gzip data cannot be indexed any further: an earlier part of it failed")
    }
}
