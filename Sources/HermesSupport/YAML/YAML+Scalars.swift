extension YAML.Scalar {
    /// Whether this is null in the core schema (YAML 1.2.2, 10.3.2).
    package var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }

    /// The boolean of the core schema; nil for anything else, also for YAML 1.1's "yes" and "off".
    package var bool: Bool? {
        guard isPlain else { return nil }
        return switch text {
        case "true", "True", "TRUE": true
        case "false", "False", "FALSE": false
        default: nil
        }
    }

    /// The integer of the core schema: decimal with a sign or without, "0o17", "0x1f". Nil for any other value, and for
    /// an integer beyond 64 bits.
    package var integer: Int64? {
        guard isPlain else { return nil }
        func number(_ digits: Substring, radix: Int, _ isDigit: (UInt8) -> Bool) -> Int64? {
            !digits.isEmpty && digits.utf8.allSatisfy(isDigit) ? Int64(digits, radix: radix) : nil
        }
        if text.hasPrefix("0o") {
            return number(text.dropFirst(2), radix: 8) { UInt8(ascii: "0")...UInt8(ascii: "7") ~= $0 }
        }
        if text.hasPrefix("0x") { return number(text.dropFirst(2), radix: 16, \.isHexadecimal) }
        let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
        let digits = isSigned ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit) else { return nil }
        return Int64(text)
    }
}
