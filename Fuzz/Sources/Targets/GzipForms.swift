import CZlib
import HermesCore

@testable import HermesSupport

/// Gzip streams made of other bytes, and zlib's own reading of them, with nothing of Hermes in between.
enum GzipForms {
    private static func fault(_ what: String) -> HermesError { HermesError(.corrupt, what) }

    /// What a stream of any number of members holds, with zero bytes after the last one.
    static func inflated(_ stream: UnsafeRawBufferPointer, limit: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        var rest = stream
        repeat {
            output += try inflateMember(&rest, windowBits: 31, limit: limit)
        } while rest.first == 0x1f
        guard rest.allSatisfy({ $0 == 0 }) else { throw fault("something follows the stream") }
        return output
    }

    /// A deflate stream as a member of a gzip stream (RFC 1952).
    static func wrapped(_ deflated: UnsafeRawBufferPointer) throws -> [UInt8] {
        var rest = deflated
        let output = try inflateMember(&rest, windowBits: -15, limit: 1 << 20)
        var stream: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        stream += deflated[..<(deflated.count - rest.count)]
        let sum = output.withUnsafeBufferPointer { crc32(0, $0.baseAddress, uInt($0.count)) }
        for number in [UInt32(truncatingIfNeeded: sum), UInt32(truncatingIfNeeded: output.count)] {
            withUnsafeBytes(of: number.littleEndian) { stream += $0 }
        }
        return stream
    }

    private static func inflateMember(
        _ input: inout UnsafeRawBufferPointer, windowBits: Int32, limit: Int
    ) throws -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw fault("no inflate stream")
        }
        defer { inflateEnd(&stream) }
        stream.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: Bytef.self)
        stream.avail_in = uInt(input.count)
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let status = piece.withUnsafeMutableBufferPointer { piece in
                stream.next_out = piece.baseAddress
                stream.avail_out = uInt(piece.count)
                return inflate(&stream, Z_NO_FLUSH)
            }
            output += piece[..<(piece.count - Int(stream.avail_out))]
            if status == Z_STREAM_END { break }
            guard status == Z_OK, output.count <= limit else { throw fault("no deflate stream") }
        }
        input = UnsafeRawBufferPointer(rebasing: input[(input.count - Int(stream.avail_in))...])
        return output
    }

    /// The bytes as two gzip members, repeated with changes to pass the length of a window; `seed` places the flushes.
    static func compressed(_ bytes: UnsafeRawBufferPointer, level: Int32, seed: Int) throws -> [UInt8] {
        var text = Array(bytes)
        while !text.isEmpty, text.count < 40_000, seed % 2 == 1 {
            text += text.enumerated().map { $0.offset % 97 == seed % 97 ? $0.element &+ 1 : $0.element }
        }
        return try text.withUnsafeBytes { text in
            let half = text.count / 2
            return try deflated(UnsafeRawBufferPointer(rebasing: text[..<half]), level, seed)
                + deflated(UnsafeRawBufferPointer(rebasing: text[half...]), level, seed + 1)
        }
    }

    static func deflated(_ bytes: UnsafeRawBufferPointer, _ level: Int32, _ seed: Int) throws -> [UInt8] {
        var stream = z_stream()
        let status = deflateInit2_(
            &stream, level, Z_DEFLATED, 31, 8, Int32(seed / 2 % 5), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw fault("no deflate stream") }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: bytes.count * 2 + 4096)
        return try output.withUnsafeMutableBufferPointer { output in
            stream.next_out = output.baseAddress
            stream.avail_out = uInt(output.count)
            var flushes = seed
            func feed(_ piece: UnsafeRawBufferPointer, _ flush: Int32) throws {
                stream.next_in =
                    UnsafeMutableRawPointer(mutating: piece.baseAddress)?.assumingMemoryBound(to: Bytef.self)
                stream.avail_in = uInt(piece.count)
                guard deflate(&stream, flush) >= 0 || flush != Z_FINISH, stream.avail_out > 0 else {
                    throw fault("no room")
                }
            }
            let step = max(bytes.count / 7, 1)
            for start in stride(from: 0, to: bytes.count, by: step) {
                flushes += 1
                try feed(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + step, bytes.count)]),
                    [Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK, Z_PARTIAL_FLUSH][flushes % 5])
            }
            try feed(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH)
            return Array(output[..<(output.count - Int(stream.avail_out))])
        }
    }
}
