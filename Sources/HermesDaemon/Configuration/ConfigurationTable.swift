import HermesSupport

/// One table of a configuration, out of which the known keys are taken; what is left is unknown.
///
/// Each function throws `corrupt` for a value of another kind, with the line and the key.
struct ConfigurationTable {
    /// The dotted name; empty for the root.
    private let name: String
    /// Nil for a table that the file does not have.
    private let table: TOMLTable?
    private var taken: Set<String> = []

    init(_ table: TOMLTable?, name: String = "") {
        self.table = table
        self.name = name
    }

    /// The keys that were not taken, in the order of the file.
    var rest: [(name: String, line: Int)] {
        guard let table else { return [] }
        return table.keys.filter { !taken.contains($0) }.map { (dotted($0), table.line(of: $0) ?? 0) }
    }

    /// A flag; `standard` when the file does not have it.
    mutating func flag(_ key: String, _ standard: Bool) throws -> Bool {
        switch take(key) {
        case nil: return standard
        case .boolean(let flag): return flag
        default: throw wrong(key, "true or false")
        }
    }

    /// A whole number of `range`; `standard` when the file does not have it.
    mutating func number(_ key: String, _ range: ClosedRange<Int64>, _ standard: Int) throws -> Int {
        guard let value = take(key) else { return standard }
        guard let number = value.integer, range.contains(number) else {
            throw wrong(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }

    /// What `read` makes of a text, where it is there and not empty. `read` gives nil for a text that is not `expected`.
    mutating func text<Value>(_ key: String, _ expected: String, _ read: (String) -> Value?) throws -> Value? {
        switch take(key) {
        case nil, .string(""): return nil
        case .string(let text):
            guard let value = read(text) else { throw wrong(key, expected) }
            return value
        default: throw wrong(key, expected)
        }
    }

    /// A table within this one; an empty one when the file does not have it.
    mutating func table(_ key: String) throws -> ConfigurationTable {
        switch take(key) {
        case nil: return ConfigurationTable(nil, name: dotted(key))
        case .table(let table): return ConfigurationTable(table, name: dotted(key))
        default: throw wrong(key, "a table")
        }
    }

    /// The error for a key whose value is not what is expected.
    func wrong(_ key: String, _ expected: String) -> HermesError {
        let line = table?.line(of: key).map { "line \($0): " } ?? ""
        return HermesError(.corrupt, "\(line)\(dotted(key)) is not \(expected)")
    }

    private mutating func take(_ key: String) -> TOMLValue? {
        taken.insert(key)
        return table?[key]
    }

    private func dotted(_ key: String) -> String {
        let isBare = !key.isEmpty && key.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x2d || $0 == 0x5f }
        let key = key.printable(60)
        return (name.isEmpty ? "" : "\(name).") + (isBare ? key : "\"\(key)\"")
    }
}
