extension UInt8 {
    /// Whether this is one of "0" to "9".
    package var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
    /// Whether this is an ASCII letter or digit.
    package var isAlphanumeric: Bool {
        isDigit || UInt8(ascii: "a")...UInt8(ascii: "z") ~= self || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self
    }
    /// Whether this is a hexadecimal digit of either case.
    package var isHexadecimal: Bool {
        isDigit || UInt8(ascii: "a")...UInt8(ascii: "f") ~= self || UInt8(ascii: "A")...UInt8(ascii: "F") ~= self
    }
}

extension StringProtocol {
    /// The text without spaces, tabs and line ends at both ends.
    package var trimmingASCIISpace: String {
        let space: Set<UInt8> = [0x20, 0x09, 0x0d, 0x0a]
        let text = Substring(self)
        guard let first = text.utf8.firstIndex(where: { !space.contains($0) }),
            let last = text.utf8.lastIndex(where: { !space.contains($0) })
        else { return "" }
        return String(text[first...last])
    }
}

extension Int64 {
    /// Reads decimal digits and nothing else: no sign, no space.
    package init?(strictDigits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), let value = Int64(text) else { return nil }
        self = value
    }
}
