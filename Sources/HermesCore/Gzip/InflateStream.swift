import CZlib
import HermesSupport

/// One zlib inflate stream and its memory. One thread at a time.
struct InflateStream: ~Copyable {
    /// Deflate without a wrapper, 32 KiB window (zlib manual, inflateInit2).
    static let raw: Int32 = -15
    /// Deflate in a gzip wrapper only, whose CRC-32 and length zlib checks.
    static let gzip: Int32 = 15 + 16

    /// The result of one call of inflate.
    struct Step {
        /// Bytes taken from the input.
        var consumed: Int
        /// Bytes written to the output.
        var produced: Int
        /// zlib's return code.
        var status: Int32
    }

    // On the heap: zlib's state points back at the z_stream and refuses to work once that has moved.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Starts a stream; throws `system` when memory is short.
    init(windowBits: Int32) throws {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard hermes_inflate_init(stream, windowBits) == Z_OK else {
            stream.deallocate()
            throw HermesError(.system, "cannot start an inflate stream: out of memory")
        }
        self.stream = stream
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Starts over with a new stream in the same memory. Both formats here have the same window size, so zlib keeps
    /// its window and the call cannot fail.
    mutating func reset(windowBits: Int32) {
        inflateReset2(stream, windowBits)
    }

    /// Starts a raw stream at a checkpoint: `bits` high bits of the byte `shared` come first, `window` is what came
    /// before. `bits` is 0...7.
    mutating func resetRaw(bits: UInt8, shared: UInt8, window: UnsafeRawBufferPointer?) {
        inflateReset2(stream, Self.raw)
        if bits != 0 {
            inflatePrime(stream, Int32(bits), Int32(shared >> (8 - bits)))
        }
        if let window, let base = window.baseAddress {
            // zlib only reads the dictionary, and only during the call; windows are at most 32 KiB.
            inflateSetDictionary(stream, base.assumingMemoryBound(to: Bytef.self), uInt(window.count))
        }
    }

    /// Calls inflate once. `output` must not be empty. zlib counts in 32 bits, so larger buffers are used in part.
    @inline(__always)
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, flush: Int32 = Z_NO_FLUSH
    ) -> Step {
        let offered = min(input.count, 1 << 30)
        let room = min(output.count, 1 << 30)
        // zlib.h declares next_in as pointing to mutable bytes, but inflate never writes through it.
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = uInt(truncatingIfNeeded: offered)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = uInt(truncatingIfNeeded: room)
        let status = inflate(stream, flush)
        return Step(
            consumed: offered - Int(stream.pointee.avail_in),
            produced: room - Int(stream.pointee.avail_out), status: status)
    }

    /// After a step with `Z_BLOCK`: the unused bits of the last byte consumed if the step stopped at a block boundary
    /// that is not the end of a member, else nil (zlib manual, inflate: data_type).
    var boundaryBits: UInt8? {
        let type = stream.pointee.data_type
        return type & 128 != 0 && type & 64 == 0 ? UInt8(type & 7) : nil
    }

    /// The error of a step whose status was neither Z_OK, Z_STREAM_END nor Z_BUF_ERROR. `place` says where.
    func failure(_ status: Int32, at place: String) -> HermesError {
        if status == Z_MEM_ERROR { return HermesError(.system, "cannot inflate: out of memory") }
        // msg is a constant of zlib's.
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)"
        return HermesError(.corrupt, "the gzip data is corrupt \(place): \(reason)")
    }
}
