import HermesSupport

/// The members of a query, `name=value&name=value`. Of members with the same name, the first one counts, as in Go.
struct RequestQuery {
    private var values: [String: String] = [:]

    /// Throws `usage` for a member that cannot be decoded.
    init(_ text: some StringProtocol) throws {
        for member in text.utf8.split(separator: UInt8(ascii: "&")) {
            let end = member.firstIndex(of: UInt8(ascii: "=")) ?? member.endIndex
            guard let name = PercentEncoding.decode(member[..<end], plusIsSpace: true),
                let value = PercentEncoding.decode(member[end...].dropFirst(), plusIsSpace: true)
            else { throw HermesError(.usage, "the query cannot be decoded") }
            if values[name] == nil { values[name] = value }
        }
    }

    /// The value of a member; nil where it is missing or empty.
    subscript(name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    /// The number of a member; `fallback` where it is missing. Throws `usage` for anything but a number in `range`.
    func number(_ name: String, in range: ClosedRange<Int64>, fallback: Int64) throws -> Int64 {
        guard let text = self[name] else { return fallback }
        guard let number = Int64(strictDigits: text), range.contains(number) else {
            throw HermesError(.usage, "\(name) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
