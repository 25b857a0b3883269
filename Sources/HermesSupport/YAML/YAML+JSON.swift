/// The value as JSON, for servers that take JSON. Plain scalars mean what they mean to kubectl, which reads YAML 1.1:
/// "0644" is octal, and "yes", "no", "on" and "off" are booleans. A scalar in quotes is always a string. Encoding
/// throws `corrupt` for an integer beyond 64 bits and for a number that JSON does not have.
extension YAML.Value: Encodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    // The recursion has at most `YAML.Limits.depth` levels.
    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .scalar(let scalar): try scalar.encode(to: encoder)
        case .sequence(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        case .mapping(let entries):
            var container = encoder.container(keyedBy: Key.self)
            for entry in entries { try container.encode(entry.value, forKey: Key(stringValue: entry.key)) }
        }
    }
}

extension YAML.Scalar {
    fileprivate func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if isNull { return try container.encodeNil() }
        if let bool = bool ?? oldBool { return try container.encode(bool) }
        if let integer = oldOctal ?? integer { return try container.encode(integer) }
        if let number = try decimal() { return try container.encode(number) }
        try container.encode(text)
    }

    /// The booleans that YAML 1.1 has beside those of the core schema (yaml.org/type/bool.html), as far as Go's parser
    /// knows them.
    private var oldBool: Bool? {
        guard isPlain else { return nil }
        return switch text {
        case "yes", "Yes", "YES", "on", "On", "ON": true
        case "no", "No", "NO", "off", "Off", "OFF": false
        default: nil
        }
    }

    /// An octal integer of YAML 1.1 (yaml.org/type/int.html), as the modes of files are written. Nil for one with
    /// another digit than 0 to 7, which is decimal.
    private var oldOctal: Int64? {
        let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
        let digits = isSigned ? text.dropFirst() : text[...]
        guard isPlain, digits.count > 1, digits.hasPrefix("0"),
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "7") ~= $0 })
        else { return nil }
        return Int64(text, radix: 8)
    }

    /// The number of the core schema (YAML 1.2.2, 10.3.2); nil for any other text.
    private func decimal() throws -> Double? {
        guard isPlain else { return nil }
        var rest = text.utf8[...]
        func digits() -> Int {
            let found = rest.prefix { $0.isDigit }
            rest = rest.dropFirst(found.count)
            return found.count
        }
        func skip(_ characters: String) -> Bool {
            guard let first = rest.first, characters.utf8.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip("-+")
        let whole = digits()
        let hasPoint = skip(".")
        let fraction = hasPoint ? digits() : 0
        guard whole + fraction > 0 else { return nil }
        let hasExponent = skip("eE")
        if hasExponent {
            _ = skip("-+")
            guard digits() > 0 else { return nil }
        }
        guard rest.isEmpty else { return nil }
        guard hasPoint || hasExponent else { throw HermesError(.corrupt, "an integer is beyond 64 bits") }
        guard let number = Double(text.hasSuffix(".") ? "\(text)0" : text), number.isFinite else {
            throw HermesError(.corrupt, "a number is beyond what JSON has")
        }
        return number
    }
}
