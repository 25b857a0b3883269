import CLinux
import CZstd
import HermesSupport

/// Turns a span's compressed bytes into its part of the layer, after checking their digest.
///
/// For one thread at a time: it keeps the libraries' state between spans.
final class SpanDecoder: @unchecked Sendable {
    private var inflater: SpanInflater
    private var blocks: BlockInflater
    private let zstd: OpaquePointer
    private let window: UnsafeMutableRawBufferPointer

    /// Makes a decoder. Throws `system` without memory.
    init() throws {
        inflater = try SpanInflater()
        blocks = try BlockInflater()
        zstd = try Zstandard.decompressionContext()
        window = .allocate(byteCount: Checkpoint.windowSize, alignment: 16)
    }

    deinit {
        ZSTD_freeDCtx(zstd)
        window.deallocate()
    }

    /// Calls `body` with the uncompressed bytes of span `index`, valid during the call.
    ///
    /// Throws `corrupt` when the bytes do not have the digest or do not inflate to the span's length, and the file error of the map.
    func decode<Result>(
        _ map: SpanMap, _ index: Int, _ compressed: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let record = map.record(index).pointee
        guard Digest.of(compressed) == record.digest else {
            throw HermesError(.corrupt, "span \(index) does not have the digest \(record.digest)")
        }
        let range = map.uncompressedRange(index)
        guard map.compression == .gzip else {
            guard compressed.count == range.count else {
                throw HermesError(.corrupt, "span \(index) has \(compressed.count) bytes, not \(range.count)")
            }
            return try body(compressed)
        }
        let window = try expandedWindow(map, index)
        let headroom = window?.count ?? 0
        guard let bytes = hermes_thread_buffer(max(headroom + range.count, 1)) else {
            throw HermesError(.system, "no memory for span \(index) of \(range.count) bytes")
        }
        // The thread's own buffer, at least as large as asked for: the window's bytes come out first once more.
        let room = UnsafeMutableRawBufferPointer(start: bytes, count: headroom + range.count)
        let output = UnsafeMutableRawBufferPointer(rebasing: room[headroom...])
        let isLast = index == map.count - 1
        let bits = UInt8(record.bits)
        let isDone =
            !isLast
            && blocks.inflate(
                compressed, bits: bits, endBits: UInt8(map.record(index + 1).pointee.bits), window: window, into: room)
        if !isDone {
            // Padding behind the tar archive is part of the last span, but not of the layer's size in a zTOC.
            try inflater.inflate(compressed, bits: bits, window: window, into: output, allowsSurplus: isLast)
        }
        return try body(UnsafeRawBufferPointer(output))
    }

    private func expandedWindow(_ map: SpanMap, _ index: Int) throws -> UnsafeRawBufferPointer? {
        let packed = try map.packedWindow(index)
        guard !packed.isEmpty else { return nil }
        guard packed.withUnsafeBytes({ PackedWindows.unpack($0, into: window, zstd) }) else {
            throw HermesError(.corrupt, "the window of span \(index) is damaged")
        }
        return UnsafeRawBufferPointer(window)
    }
}
