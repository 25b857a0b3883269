import CZstd

/// The content of a stream of zstd frames (RFC 8878), decompressed while it is read. It ends where the stream ends.
///
/// The caller bounds the content by what it reads. `limit` bounds what a stream without content can cost, and a frame whose
/// window has more than 8 MiB is refused, as RFC 9659 asks of senders.
///
/// A read throws `corrupt` for a stream that is not zstd, is cut off, or has more than `limit` bytes, and what the stream throws.
package final class ZstandardByteSource: ByteSource {
    /// The binary logarithm of the largest window that is accepted, in bytes.
    private static let windowLog: Int32 = 23

    private let source: any ByteSource
    /// The compressed bytes that may still come.
    private var rest: Int64
    private let context: OpaquePointer
    private let room: UnsafeMutableRawBufferPointer
    /// The part of `room` that is not decompressed yet.
    private var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    /// Whether all that was read makes whole frames.
    private var isAtFrameEnd = true

    /// Reads from `source`, of at most `limit` bytes. Throws `system` without memory.
    package init(_ source: any ByteSource, limit: Int64) throws {
        context = try Zstandard.decompressionContext()
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
        room = .allocate(byteCount: 256 << 10, alignment: 64)
        self.source = source
        rest = limit
    }

    deinit {
        ZSTD_freeDCtx(context)
        room.deallocate()
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !buffer.isEmpty else { return 0 }
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while true {
            // Also without input: content may wait in the context.
            if input.pos < input.size || !isAtFrameEnd {
                let left = ZSTD_decompressStream(context, &output, &input)
                guard ZSTD_isError(left) == 0 else { throw HermesError(.corrupt, "the zstd frame is damaged") }
                isAtFrameEnd = left == 0
                if output.pos > 0 { return output.pos }
                if input.pos < input.size { continue }
            }
            guard try refill() else {
                guard isAtFrameEnd else { throw HermesError(.corrupt, "the zstd frame is cut off") }
                return 0
            }
        }
    }

    /// Brings more compressed bytes; false at the end.
    private func refill() throws -> Bool {
        let count = try source.read(into: room)
        rest -= Int64(count)
        guard rest >= 0 else { throw HermesError(.corrupt, "the zstd stream is longer than its content can be") }
        input = ZSTD_inBuffer(src: room.baseAddress, size: count, pos: 0)
        return count > 0
    }
}
