/// A running XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), seed 0: a checksum against damage, not against
/// people, at several gigabytes a second.
package struct XXH64 {
    private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
    private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
    private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
    private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
    private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

    private var one = prime1 &+ prime2
    private var two = prime2
    private var three: UInt64 = 0
    private var four = 0 &- prime1
    private var total: UInt64 = 0
    /// Up to 31 bytes that are no whole stripe yet.
    private var tail: [UInt8] = []

    package init() {}

    /// Adds bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        total &+= UInt64(bytes.count)
        var rest = bytes
        if !tail.isEmpty {
            let count = min(32 - tail.count, rest.count)
            tail += rest[..<count]
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            guard tail.count == 32 else { return }
            tail.withUnsafeBytes { addStripes($0) }
            tail = []
        }
        let whole = rest.count & ~31
        addStripes(UnsafeRawBufferPointer(rebasing: rest[..<whole]))
        tail += rest[whole...]
    }

    /// The checksum of all bytes so far.
    package func finish() -> UInt64 {
        var sum = Self.prime5
        if total >= 32 {
            sum = Self.rotate(one, 1) &+ Self.rotate(two, 7) &+ Self.rotate(three, 12) &+ Self.rotate(four, 18)
            for lane in [one, two, three, four] {
                sum = (sum ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
            }
        }
        sum &+= total
        tail.withUnsafeBytes { bytes in
            var offset = 0
            while offset + 8 <= bytes.count {
                sum = Self.rotate(sum ^ Self.round(0, Self.word(bytes, offset)), 27) &* Self.prime1 &+ Self.prime4
                offset += 8
            }
            if offset + 4 <= bytes.count {
                let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                sum = Self.rotate(sum ^ UInt64(half) &* Self.prime1, 23) &* Self.prime2 &+ Self.prime3
                offset += 4
            }
            for byte in bytes[offset...] { sum = Self.rotate(sum ^ UInt64(byte) &* Self.prime5, 11) &* Self.prime1 }
        }
        sum = (sum ^ sum >> 33) &* Self.prime2
        sum = (sum ^ sum >> 29) &* Self.prime3
        return sum ^ sum >> 32
    }

    /// `bytes` are whole stripes of 32.
    private mutating func addStripes(_ bytes: UnsafeRawBufferPointer) {
        var (first, second, third, fourth) = (one, two, three, four)
        for offset in stride(from: 0, to: bytes.count, by: 32) {
            first = Self.round(first, Self.word(bytes, offset))
            second = Self.round(second, Self.word(bytes, offset + 8))
            third = Self.round(third, Self.word(bytes, offset + 16))
            fourth = Self.round(fourth, Self.word(bytes, offset + 24))
        }
        (one, two, three, four) = (first, second, third, fourth)
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func round(_ sum: UInt64, _ input: UInt64) -> UInt64 {
        rotate(sum &+ input &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value &<< bits | value &>> (64 - bits) }
}

extension XXH64 {
    /// The checksum of a file that holds its own in the eight bytes at `place`, which count as zeros. `place` and those
    /// bytes are inside the file.
    package static func ofFile(_ bytes: UnsafeRawBufferPointer, without place: Int) -> UInt64 {
        var sum = XXH64()
        sum.update(UnsafeRawBufferPointer(rebasing: bytes[..<place]))
        withUnsafeBytes(of: UInt64(0)) { sum.update($0) }
        sum.update(UnsafeRawBufferPointer(rebasing: bytes[(place + 8)...]))
        return sum.finish()
    }
}
