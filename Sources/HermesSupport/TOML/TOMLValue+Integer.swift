extension TOMLValue {
    /// The value of an integer (toml.io, version 1.0): decimal with an optional sign, or hexadecimal, octal or binary with
    /// a prefix, underscores between digits. Nil for every other value and outside of 64 bits.
    package var integer: Int64? {
        guard case .scalar(let text) = self else { return nil }
        let bytes = Array(text.utf8)
        // An underscore stands between two digits.
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            guard index > 0, index + 1 < bytes.count, bytes[index - 1].isHexadecimal, bytes[index + 1].isHexadecimal
            else { return nil }
        }
        let plain = text.replacing("_", with: "")
        let radix: Int? =
            switch plain.prefix(2) {
            case "0x": 16
            case "0o": 8
            case "0b": 2
            default: nil
            }
        if let radix {
            let digits = plain.dropFirst(2)
            // Int64(_:radix:) also takes a sign.
            guard !text.dropFirst(2).hasPrefix("_"), digits.utf8.allSatisfy(\.isHexadecimal) else { return nil }
            return Int64(digits, radix: radix)
        }
        let digits = plain.first == "-" || plain.first == "+" ? plain.dropFirst() : plain[...]
        guard digits == "0" || !digits.hasPrefix("0"), digits.utf8.allSatisfy(\.isDigit) else { return nil }
        return Int64(plain)
    }
}
