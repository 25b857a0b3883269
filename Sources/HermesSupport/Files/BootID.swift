/// The kernel's boot ID (random(4)), 128 bits: the same for the life of the page cache and of everything else that ends with the
/// kernel.
package struct BootID: Equatable, Sendable, CustomStringConvertible {
    package let first: UInt64
    package let second: UInt64

    /// That of the running kernel; nil where it cannot be read.
    package static let current: BootID? = {
        guard let bytes = try? LocalFile.read("/proc/sys/kernel/random/boot_id", limit: 64) else { return nil }
        return BootID(String(decoding: bytes, as: UTF8.self).filter(\.isHexDigit))
    }()

    /// Reads 32 hexadecimal digits; nil for any other text.
    package init?(_ digits: String) {
        guard digits.utf8.count == 32, digits.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let first = UInt64(digits.prefix(16), radix: 16), let second = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.first = first
        self.second = second
    }

    /// Its 32 hexadecimal digits.
    package var description: String {
        [first, second].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
