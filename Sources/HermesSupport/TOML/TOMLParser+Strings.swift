extension TOMLParser {
    /// Reads a string of any of the four kinds; the next byte is its quote.
    mutating func string(multiline: Bool) throws -> String {
        guard let quote = next else { throw fail("a text is missing") }
        let isLong = bytes[position...].starts(with: [quote, quote, quote])
        guard !isLong || multiline else { throw fail("a key is a text of several lines") }
        position += isLong ? 3 : 1
        if isLong { _ = try lineEnd() }
        let isLiteral = quote == UInt8(ascii: "'")
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case quote where !isLong:
                position += 1
                return String(decoding: text, as: UTF8.self)
            case quote:
                // Up to two quotes may stand before the three that end it.
                let run = bytes[position...].prefix(6).prefix { $0 == quote }.count
                guard run < 6 else { throw fail("a text has too many quotes") }
                position += run
                guard run < 3 else {
                    text += repeatElement(quote, count: run - 3)
                    return String(decoding: text, as: UTF8.self)
                }
                text += repeatElement(quote, count: run)
            case UInt8(ascii: "\\") where !isLiteral:
                position += 1
                try escape(isLong: isLong, into: &text)
            case 0x0a, 0x0d:
                guard isLong else { throw fail("a text does not end on its line") }
                guard try lineEnd() else { return "" }
                text.append(0x0a)
            default:
                guard byte == 0x09 || byte >= 0x20, byte != 0x7f else {
                    throw fail("a text has a control character")
                }
                text.append(byte)
                position += 1
            }
        }
        throw fail("a text does not end")
    }

    private mutating func escape(isLong: Bool, into text: inout [UInt8]) throws {
        guard let byte = next else { throw fail("a text does not end") }
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0a,
            UInt8(ascii: "f"): 0x0c, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "\""): 0x22,
            UInt8(ascii: "\\"): 0x5c,
        ]
        if let value = simple[byte] {
            position += 1
            return text.append(value)
        }
        switch byte {
        case UInt8(ascii: "u"): try codePoint(digits: 4, into: &text)
        case UInt8(ascii: "U"): try codePoint(digits: 8, into: &text)
        case 0x20, 0x09, 0x0a, 0x0d:
            // A backslash at the end of a line takes all space up to the next text.
            guard isLong else { throw fail("a text has an unknown escape") }
            skipBlanks()
            guard try lineEnd() else { throw fail("a text has an unknown escape") }
            repeat { skipBlanks() } while try lineEnd()
        default: throw fail("a text has an unknown escape")
        }
    }

    private mutating func codePoint(digits: Int, into text: inout [UInt8]) throws {
        let hexadecimal = bytes[position...].dropFirst().prefix(digits)
        // UInt32(_:radix:) also takes a sign.
        guard hexadecimal.count == digits, hexadecimal.allSatisfy(\.isHexadecimal),
            let value = UInt32(String(decoding: hexadecimal, as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw fail("an escape in a text does not give a character") }
        position += 1 + digits
        text += Array(String(Character(scalar)).utf8)
    }
}
