import CDeflate
import HermesSupport

/// Inflates a span that ends at a checkpoint in one go, with libdeflate. One thread at a time.
///
/// libdeflate takes whole streams only, which `SpanStream` makes of a span. Two kinds of spans are left to
/// `SpanInflater`: the last span of a layer, and one in which a gzip member ends.
struct BlockInflater: ~Copyable {
    private let decompressor: OpaquePointer
    private var stream = SpanStream()

    /// Throws `system` when memory is short.
    init() throws {
        guard let decompressor = libdeflate_alloc_decompressor() else {
            throw HermesError(.system, "cannot start inflating: out of memory")
        }
        self.decompressor = decompressor
    }

    deinit { libdeflate_free_decompressor(decompressor) }

    /// Fills `output`, the window's bytes and behind them the span's, from the span's bytes as `SpanStream.make` takes them.
    /// False when they are not exactly that: the output is then undefined, and the span not for this.
    mutating func inflate(
        _ compressed: UnsafeRawBufferPointer, bits: UInt8, endBits: UInt8, window: UnsafeRawBufferPointer?,
        into output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard let whole = stream.make(compressed, bits: bits, endBits: endBits, window: window) else { return false }
        var produced = 0
        let result = libdeflate_deflate_decompress(
            decompressor, whole.baseAddress, whole.count, output.baseAddress, output.count, &produced)
        return result == LIBDEFLATE_SUCCESS && produced == output.count
    }
}
