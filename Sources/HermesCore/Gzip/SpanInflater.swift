import CZlib
import HermesSupport

/// Inflates whole spans. Holds one zlib stream that is used again and again; one thread at a time.
package struct SpanInflater: ~Copyable {
    // The CRC-32 and length of a member (RFC 1952 section 2.3.1).
    private static let trailerSize = 8

    private var stream: InflateStream

    /// Allocates the stream; throws `system` when memory is short.
    package init() throws {
        stream = try InflateStream(windowBits: InflateStream.raw)
    }

    /// Inflates the span whose compressed bytes, from its `spanStart` on, are `compressed`.
    ///
    /// The caller has checked the span's digest. `bits` is the checkpoint's, 0...7; `window` its 32,768 bytes, or nil
    /// at the start of the output. The span may run over the end of a member into the next. Fills `output` exactly;
    /// throws `corrupt` if the span holds less, or more unless `allowsSurplus`, or no valid deflate data. A surplus is
    /// normal at the end of a layer whose zTOC was made by the SOCI tools: they do not count the padding of the tar.
    package mutating func inflate(
        _ compressed: UnsafeRawBufferPointer, bits: UInt8, window: UnsafeRawBufferPointer?,
        into output: UnsafeMutableRawBufferPointer, allowsSurplus: Bool = false
    ) throws {
        guard bits <= 7, bits == 0 || !compressed.isEmpty, window?.count ?? 0 <= Checkpoint.windowSize else {
            throw HermesError(.corrupt, "the checkpoint of a span is invalid")
        }
        stream.resetRaw(bits: bits, shared: compressed.first ?? 0, window: window)
        var used = bits == 0 ? 0 : 1
        var produced = 0
        var isRaw = true
        // Output that does not fit goes here, and zlib gets this place to point at when the output is empty.
        var surplus: UInt8 = 0
        span: while produced < output.count || !allowsSurplus {
            // used and produced never exceed the buffers that they count.
            let rest = UnsafeRawBufferPointer(rebasing: compressed[used...])
            let isFull = produced == output.count
            let step =
                isFull
                ? withUnsafeMutableBytes(of: &surplus) { stream.step(rest, into: $0) }
                : stream.step(rest, into: UnsafeMutableRawBufferPointer(rebasing: output[produced...]))
            if isFull, step.produced > 0 {
                throw HermesError(.corrupt, "a span inflates to more than its \(output.count) bytes")
            }
            used += step.consumed
            produced += step.produced
            switch step.status {
            case Z_OK: break
            case Z_STREAM_END:
                // The raw stream ends before its member's trailer, a gzip stream behind it.
                if isRaw { used = min(used + Self.trailerSize, compressed.count) }
                isRaw = false
                // Whatever else follows the last member is padding.
                guard used < compressed.count, compressed[used] == 0x1f else { break span }
                stream.reset(windowBits: InflateStream.gzip)
            case Z_BUF_ERROR: break span
            default: throw stream.failure(step.status, at: "in a span at its byte \(used)")
            }
        }
        guard produced == output.count else {
            throw HermesError(.corrupt, "a span inflates to \(produced) bytes instead of \(output.count)")
        }
    }
}
