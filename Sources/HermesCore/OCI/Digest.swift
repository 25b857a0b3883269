import HermesSupport

/// The content address of a blob: "sha256:" and 64 lower-case hexadecimal digits (OCI image spec, descriptor.md).
///
/// SHA-256 is the only algorithm that registries use for image content, and the only one accepted.
package struct Digest: Hashable, Sendable {
    /// The 32 bytes of the hash, eight to a word, in their order in memory.
    ///
    /// Words and no vector, nowhere: where a value that wants 32-byte alignment is inlined into an async function, its
    /// frame gets larger than Swift 6.3.1 allocates, and the memory behind the frame is overwritten.
    package typealias Words = (UInt64, UInt64, UInt64, UInt64)

    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// The hash.
    package var words: Words { (first, second, third, fourth) }

    /// The digest whose SHA-256 is `words`.
    package init(sha256 words: Words) { (first, second, third, fourth) = words }

    /// Parses "sha256:<64 hex>". Throws `corrupt` for anything else: digests come from manifests and indexes, and
    /// become parts of paths and URLs.
    package init(_ text: some StringProtocol) throws {
        guard
            let digest = text.utf8.withContiguousStorageIfAvailable({ Digest.parse($0) })
                ?? Digest.parse(Array(text.utf8))
        else {
            throw HermesError(.corrupt, "\"\(text.printable(100))\" is not a sha256 digest")
        }
        self = digest
    }

    /// Parses "sha256:<64 hex>" from bytes; nil for anything else.
    package static func parse(_ text: some Collection<UInt8>) -> Digest? {
        guard text.count == 71, text.starts(with: "sha256:".utf8) else { return nil }
        var words: Words = (0, 0, 0, 0)
        let isValid = withUnsafeMutableBytes(of: &words) { bytes in
            var index = text.index(text.startIndex, offsetBy: 7)
            for position in 0..<32 {
                guard let high = nibble(text[index]) else { return false }
                index = text.index(after: index)
                guard let low = nibble(text[index]) else { return false }
                index = text.index(after: index)
                bytes[position] = high << 4 | low
            }
            return true
        }
        return isValid ? Digest(sha256: words) : nil
    }

    private static func nibble(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// The digest of `bytes`.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// The digest of `bytes`.
    package static func of(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { of($0) }
    }

    /// The 64 hexadecimal digits.
    package var hex: String {
        withUnsafeBytes(of: words) { bytes in
            String(unsafeUninitializedCapacity: 64) { out in
                let digits: StaticString = "0123456789abcdef"
                for position in 0..<32 {
                    // 16 digits, and a nibble is at most 15.
                    out[2 * position] = digits.utf8Start[Int(bytes[position] >> 4)]
                    out[2 * position + 1] = digits.utf8Start[Int(bytes[position] & 15)]
                }
                return 64
            }
        }
    }
}

extension Digest: CustomStringConvertible {
    /// "sha256:<64 hex>".
    package var description: String { "sha256:" + hex }
}

extension Digest: Codable {
    /// Reads the textual form; throws `corrupt` for anything but a SHA-256.
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the textual form.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
