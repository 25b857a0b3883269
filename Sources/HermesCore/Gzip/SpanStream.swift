/// The bits of a span, made into a whole deflate stream (RFC 1951) in a buffer that is used again and again:
///
/// | part | what |
/// |---|---|
/// | stored block | the window, if there is one: 5 bytes (final bit 0, type 00, length, its complement), then its bytes |
/// | empty blocks | as many bits as the first byte of the span has of the one before, modulo 8 |
/// | blocks | the span's own, at the place in a byte where they are in the layer: a stored block begins with a byte |
/// | final block | fixed codes, empty: 1, 01, 0000000 |
///
/// A checkpoint lies between two blocks, so blocks can be added before and after the span. For one thread at a time.
struct SpanStream: ~Copyable {
    private static let storedHeader = 5
    /// The final block's 10 bits after up to 7 others lie within four bytes.
    private static let slack = 4

    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    /// The empty blocks for 0...7 bits; the last bits of each share a byte with the span.
    private let padding = (0..<8).map(SpanStream.padding)

    deinit { buffer.deallocate() }

    /// The stream for the span whose bytes are `compressed`: `bits` high bits of the first byte are its own where that is
    /// not 0, and `endBits` high bits of the last one are not. `window` has at most 32 KiB. Valid until the next call; nil
    /// for a span without a bit.
    mutating func make(
        _ compressed: UnsafeRawBufferPointer, bits: UInt8, endBits: UInt8, window: UnsafeRawBufferPointer?
    ) -> UnsafeRawBufferPointer? {
        guard bits < 8, endBits < 8, window?.count ?? 0 <= Checkpoint.windowSize, let first = compressed.first,
            let source = compressed.baseAddress
        else { return nil }
        // The bits of the first byte that are the span's before.
        let skip = bits == 0 ? 0 : 8 - Int(bits)
        let bitCount = 8 * compressed.count - Int(endBits)
        guard bitCount > skip else { return nil }
        let before = padding[skip]
        let shared = skip > 0 ? before.last ?? 0 : 0
        let whole = skip > 0 ? before.count - 1 : before.count
        let padded = window.map { Self.storedHeader + $0.count } ?? 0
        let start = padded + whole
        guard let base = reserve(start + compressed.count + Self.slack) else { return nil }
        if let window {
            let length = UInt16(window.count)
            base.storeBytes(of: 0, as: UInt8.self)
            base.storeBytes(of: length.littleEndian, toByteOffset: 1, as: UInt16.self)
            base.storeBytes(of: (~length).littleEndian, toByteOffset: 3, as: UInt16.self)
            (base + Self.storedHeader).copyMemory(from: window.baseAddress ?? source, byteCount: window.count)
        }
        // All of the writing lies within the reserved space: the parts before the span, the span, and the end.
        before.withUnsafeBytes { bytes in
            if let bytes = bytes.baseAddress { (base + padded).copyMemory(from: bytes, byteCount: whole) }
        }
        let blocks = base + start
        blocks.copyMemory(from: source, byteCount: compressed.count)
        let own: UInt8 = first & (0xff << UInt8(skip))
        blocks.storeBytes(of: own | shared, as: UInt8.self)
        // The bits behind the span's last give way to the final block's, 1 and 01 with the first one lowest, then zeros.
        let last = bitCount / 8
        let free = bitCount % 8
        let kept = free > 0 ? blocks.load(fromByteOffset: last, as: UInt8.self) & (1 << UInt8(free) - 1) : 0
        let end = UInt32(kept) | 0b011 << UInt32(free)
        blocks.storeBytes(of: end.littleEndian, toByteOffset: last, as: UInt32.self)
        return UnsafeRawBufferPointer(start: base, count: start + last + (free + 10 + 7) / 8)
    }

    /// Empty blocks whose bits are `count` modulo 8, 0...7: some of 10 bits with fixed codes, and for odd numbers one of 91
    /// bits with dynamic ones.
    private static func padding(_ count: Int) -> [UInt8] {
        var bits: [Bool] = []
        func add(_ value: Int, _ width: Int) {
            for bit in 0..<width { bits.append(value >> bit & 1 == 1) }
        }
        if count % 2 == 1 {
            // Not final, type 10; 257 literal and length codes, 1 distance code, 18 lengths of codes for lengths.
            for (value, width) in [(0, 1), (2, 2), (0, 5), (0, 5), (14, 4)] { add(value, width) }
            // One bit each for 18, which is third in their order, and 1, which is the eighteenth: it gets the code 0.
            for index in 0..<18 { add(index == 2 || index == 17 ? 1 : 0, 3) }
            // The literal 0: 1. 255 zeros, as 138 and 117. The end of the block: 1. The distance code: 1.
            for (value, width) in [(0, 1), (1, 1), (138 - 11, 7), (1, 1), (117 - 11, 7), (0, 1), (0, 1)] {
                add(value, width)
            }
            // Of two codes the end of the block has the second.
            add(1, 1)
        }
        while bits.count % 8 != count { for (value, width) in [(0, 1), (1, 2), (0, 7)] { add(value, width) } }
        return stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<min(start + 8, bits.count)].enumerated().reduce(0) { $0 | ($1.element ? 1 << $1.offset : 0) }
        }
    }

    private mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer? {
        if buffer.count < size {
            buffer.deallocate()
            buffer = .allocate(byteCount: size, alignment: 16)
        }
        return buffer.baseAddress
    }
}
