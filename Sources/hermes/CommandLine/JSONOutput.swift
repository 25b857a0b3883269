import FoundationEssentials

/// A command's result for programs: one JSON document on standard output, its keys sorted.
enum JSONOutput {
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Swift.print(escaped(String(decoding: try encoder.encode(value), as: UTF8.self)))
    }

    /// The same JSON with the characters escaped that a terminal obeys and RFC 8259 lets stand as they are. None of them
    /// can be outside of a string.
    static func escaped(_ json: String) -> String {
        var result = ""
        for scalar in json.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar.value >= 0x7f, .format, .lineSeparator, .paragraphSeparator:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
