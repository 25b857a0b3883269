import HermesSupport

/// Numbers as tar writes them: octal text, base-256 (GNU, star), decimal text (PAX).
enum TarNumber {
    /// A numeric field of a header: base-256 when the top bit of its first byte is set, octal otherwise.
    ///
    /// Nil where it is neither, or does not fit. As Go's archive/tar, an empty octal field is 0.
    static func field(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard let first = bytes.first else { return nil }
        return first & 0x80 != 0 ? base256(bytes) : octal(bytes)
    }

    /// Two's complement, big endian, whose first bit is the marker and second bit the sign.
    private static func base256(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        let inversion: UInt8 = bytes[0] & 0x40 != 0 ? 0xff : 0
        var value: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            guard value >> 56 == 0 else { return nil }
            var digit = byte ^ inversion
            if index == 0 { digit &= 0x7f }
            value = value << 8 | UInt64(digit)
        }
        guard value >> 63 == 0 else { return nil }
        let magnitude = Int64(value)
        return inversion == 0 ? magnitude : ~magnitude
    }

    /// Octal digits between any number of spaces and NULs; text after a NUL is ignored.
    static func octal(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        func isFiller(_ byte: UInt8) -> Bool { byte == 0 || byte == UInt8(ascii: " ") }
        guard let start = bytes.firstIndex(where: { !isFiller($0) }) else { return 0 }
        let end = (bytes.lastIndex { !isFiller($0) } ?? start) + 1
        var value: Int64 = 0
        for byte in bytes[start..<end] {
            guard byte != 0 else { break }
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte), value >> 60 == 0 else { return nil }
            value = value << 3 | Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// Decimal digits with an optional sign; nil for any other text and for a number that does not fit.
    static func decimal(_ bytes: some Collection<UInt8>) -> Int64? {
        var digits = bytes[...]
        let negative = digits.first == UInt8(ascii: "-")
        if negative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) =
                negative
                ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// A PAX time: decimal seconds with an optional fraction, which belongs to the sign; beyond nanoseconds it is cut.
    static func time(_ bytes: [UInt8]) -> Timestamp? {
        let point = bytes.firstIndex(of: UInt8(ascii: ".")) ?? bytes.endIndex
        guard let seconds = decimal(bytes[..<point]) else { return nil }
        let fraction = bytes[min(point + 1, bytes.endIndex)...]
        guard fraction.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        var nanoseconds: Int32 = 0
        for position in 0..<9 {
            let digit =
                position < fraction.count ? fraction[fraction.startIndex + position] : UInt8(ascii: "0")
            nanoseconds = nanoseconds * 10 + Int32(digit - UInt8(ascii: "0"))
        }
        guard bytes.first == UInt8(ascii: "-"), nanoseconds > 0 else {
            return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
        }
        let (before, overflow) = seconds.subtractingReportingOverflow(1)
        return overflow ? nil : Timestamp(seconds: before, nanoseconds: 1_000_000_000 - nanoseconds)
    }
}
