/// Sizes in bytes as options and configurations have them: digits and a unit of 1024's powers.
package enum ByteSize {
    private static let units: [(letter: String, shift: Int)] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)]

    /// Reads "4MiB", "4M", "20G", "4194304"; nil for anything else.
    package static func parse(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int64(digits) else { return nil }
        let shift: Int
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": shift = 0
        case "k", "kib": shift = 10
        case "m", "mib": shift = 20
        case "g", "gib": shift = 30
        case "t", "tib": shift = 40
        default: return nil
        }
        let (bytes, overflow) = value.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : bytes
    }

    /// Reads a size above zero as `parse` does; throws `usage` for anything else.
    package static func read(_ text: String) throws -> Int64 {
        guard let size = parse(text), size > 0 else {
            throw HermesError(
                .usage, "\"\(text.printable(40))\" is not a size", advice: "write it like 20G, 500M or 1048576")
        }
        return size
    }

    /// A size as `parse` reads it, in the largest unit of which it is a whole number.
    package static func text(_ bytes: Int64) -> String {
        for unit in units where bytes > 0 && bytes % (1 << unit.shift) == 0 {
            return "\(bytes >> unit.shift)\(unit.letter)"
        }
        return "\(bytes)"
    }
}
