import CZstd

/// zstd (RFC 8878), for whole pieces of data, each as one frame.
package enum Zstandard {
    /// Receives bytes, in order. They are valid during the call.
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    private static let roomSize = 1 << 20
    /// zstd's default level, 3, makes a zTOC hardly smaller and takes nearly twice the time.
    private static let level: Int32 = 1

    /// How many bytes `bytes` take when they are compressed. Throws `system` without memory.
    package static func compressedSize(of bytes: UnsafeRawBufferPointer) throws -> Int64 {
        var total: Int64 = 0
        try compress(bytes) { total += Int64($0.count) }
        return total
    }

    /// Compresses `bytes` into one frame. Throws `system` without memory, and what `sink` throws.
    package static func compress(_ bytes: UnsafeRawBufferPointer, to sink: Sink) throws {
        let frame = try Compressor()
        try frame.add(bytes, to: sink)
        try frame.finish(to: sink)
    }

    /// Compresses pieces of data into one frame. One thread at a time; not to be used after a throw.
    package struct Compressor: ~Copyable {
        private let context: OpaquePointer
        private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: roomSize, alignment: 64)

        /// Throws `system` without memory.
        package init() throws {
            guard let context = ZSTD_createCCtx() else {
                throw HermesError(.system, "cannot start zstd: out of memory")
            }
            self.context = context
            // A level that zstd has is no error.
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        }

        deinit {
            ZSTD_freeCCtx(context)
            room.deallocate()
        }

        /// Adds a piece. Throws `system` without memory, and what `sink` throws.
        package func add(_ bytes: UnsafeRawBufferPointer, to sink: Sink) throws {
            var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            while input.pos < input.size { _ = try advance(&input, ZSTD_e_continue, sink) }
        }

        /// Ends the frame, once. Throws as `add` does.
        package func finish(to sink: Sink) throws {
            var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
            while try advance(&input, ZSTD_e_end, sink) > 0 {}
        }

        /// Returns what zstd has left to write.
        private func advance(_ input: inout ZSTD_inBuffer, _ mode: ZSTD_EndDirective, _ sink: Sink) throws -> Int {
            var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let rest = ZSTD_compressStream2(context, &output, &input, mode)
            guard ZSTD_isError(rest) == 0 else { throw HermesError(.system, "cannot compress: out of memory") }
            if output.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: room[..<output.pos])) }
            return rest
        }
    }

    /// A context for ZSTD_freeDCtx to free. Throws `system` without memory.
    package static func decompressionContext() throws -> OpaquePointer {
        guard let context = ZSTD_createDCtx() else { throw HermesError(.system, "cannot start zstd: out of memory") }
        return context
    }

    /// Decompresses bytes that are exactly one frame. Throws `corrupt` for other bytes, `system` without memory, and what
    /// `sink` throws. The content may be of any size: `sink` bounds it.
    package static func decompress(_ bytes: UnsafeRawBufferPointer, to sink: Sink) throws {
        let context = try decompressionContext()
        defer { ZSTD_freeDCtx(context) }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: roomSize, alignment: 64)
        defer { room.deallocate() }
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while true {
            var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let rest = ZSTD_decompressStream(context, &output, &input)
            let isCut = output.pos == 0 && input.pos == input.size && rest > 0
            guard ZSTD_isError(rest) == 0, !isCut else { throw HermesError(.corrupt, "the zstd frame is damaged") }
            try sink(UnsafeRawBufferPointer(rebasing: room[..<output.pos]))
            guard rest == 0 else { continue }
            guard input.pos == input.size else {
                throw HermesError(.corrupt, "the zstd frame is followed by other bytes")
            }
            return
        }
    }

    /// Whether `bytes` are exactly one frame, as far as its header and those of its blocks say. Decompresses nothing.
    package static func isOneFrame(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // An error is a number far above any size.
        ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count) == bytes.count && !bytes.isEmpty
    }
}
