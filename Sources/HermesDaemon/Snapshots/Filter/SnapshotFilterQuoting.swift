import HermesSupport

/// Quoted texts of filters: those of Go (go.dev/ref/spec, string literals), also between `/` and `|`.
enum SnapshotFilterQuoting {
    /// The place of an escape that means nothing.
    struct Invalid: Error {
        let position: Int
    }

    private static let simple: [Unicode.Scalar: UInt8] = [
        "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92,
    ]

    /// What a text with its quotes means. `\x41` and `\101` are bytes, so that the result may be no UTF-8.
    static func unquote(_ text: ArraySlice<Unicode.Scalar>) throws(Invalid) -> [UInt8] {
        guard let quote = text.first else { throw Invalid(position: text.startIndex) }
        var result: [UInt8] = []
        var rest = text.dropFirst().dropLast()
        while let scalar = rest.popFirst() {
            if scalar != "\\" {
                result += UTF8.encode(scalar).map { Array($0) } ?? []
                continue
            }
            let start = rest.startIndex - 1
            guard let bytes = escape(&rest, quote: quote) else { throw Invalid(position: start) }
            result += bytes
        }
        return result
    }

    /// What the escape after a backslash means; nil if nothing.
    private static func escape(_ rest: inout ArraySlice<Unicode.Scalar>, quote: Unicode.Scalar) -> [UInt8]? {
        guard let first = rest.first else { return nil }
        switch first {
        case "0"..."7": return number(&rest, digits: 3, radix: 8).flatMap(UInt8.init(exactly:)).map { [$0] }
        case "x":
            rest.removeFirst()
            return number(&rest, digits: 2, radix: 16).flatMap(UInt8.init(exactly:)).map { [$0] }
        case "u", "U":
            rest.removeFirst()
            guard let value = number(&rest, digits: first == "u" ? 4 : 8, radix: 16), value <= 0x10ffff else {
                return nil
            }
            // Half a surrogate pair becomes the replacement character, as Go encodes it.
            return UTF8.encode(Unicode.Scalar(value) ?? "\u{fffd}").map { Array($0) }
        case quote:
            rest.removeFirst()
            return UTF8.encode(quote).map { Array($0) }
        default:
            rest.removeFirst()
            return simple[first].map { [$0] }
        }
    }

    /// Exactly so many digits.
    private static func number(
        _ rest: inout ArraySlice<Unicode.Scalar>, digits: Int, radix: Int
    ) -> UInt32? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy({ $0.isASCII && UInt8(ascii: $0).isHexadecimal }) else {
            return nil
        }
        rest = rest.dropFirst(digits)
        return UInt32(String(String.UnicodeScalarView(text)), radix: radix)
    }
}
