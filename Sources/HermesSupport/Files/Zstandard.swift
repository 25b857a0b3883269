import CZstd

/// zstd (RFC 8878), for data that is sent compressed.
package enum Zstandard {
    /// How many bytes `bytes` take when they are compressed at zstd's default level. Throws `system` without memory.
    package static func compressedSize(of bytes: UnsafeRawBufferPointer) throws -> Int64 {
        guard let context = ZSTD_createCCtx() else { throw HermesError(.system, "cannot start zstd: out of memory") }
        defer { ZSTD_freeCCtx(context) }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { room.deallocate() }
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var total: Int64 = 0
        while true {
            var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            let rest = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end)
            guard ZSTD_isError(rest) == 0 else { throw HermesError(.system, "cannot compress: out of memory") }
            total += Int64(output.pos)
            if rest == 0 { return total }
        }
    }
}
