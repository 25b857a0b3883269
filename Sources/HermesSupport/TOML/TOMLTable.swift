/// A value of a TOML document (toml.io, version 1.0).
package enum TOMLValue {
    case string(String)
    case boolean(Bool)
    /// A number, date or time, as it is written; `integer` reads whole numbers.
    case scalar(String)
    case array([TOMLValue])
    case table(TOMLTable)
}

/// A table that knows in which order its keys appeared, which for containerd's hosts.toml has a meaning. Built by one
/// thread and not shared.
package final class TOMLTable {
    /// How a table came to be, which decides which lines may add to it.
    enum Origin {
        /// Named on the way to another: `[a.b]` makes `a`.
        case implied
        /// By a header of its own.
        case header
        /// By a dotted key: `a.b = 1` makes `a`.
        case dotted
        /// Written as `{ … }`: complete.
        case inline
    }

    var origin: Origin
    /// The keys in the order of their first appearance.
    package private(set) var keys: [String] = []
    private var values: [String: TOMLValue] = [:]
    private var lines: [String: Int] = [:]

    init(_ origin: Origin) { self.origin = origin }

    package subscript(_ key: String) -> TOMLValue? { values[key] }

    /// The line of the document, from 1, on which a key first appeared; nil for a key that the table does not have.
    package func line(of key: String) -> Int? { lines[key] }

    /// Adds or replaces a value, which is on `line`.
    func set(_ key: String, _ value: TOMLValue, line: Int) {
        guard values.updateValue(value, forKey: key) == nil else { return }
        keys.append(key)
        lines[key] = line
    }

    /// Adds an element, which is on `line`, to an array, which is made when it is not there. In place: a file may have many.
    func append(_ key: String, _ element: TOMLValue, line: Int) {
        guard case .array(var elements) = values[key] else { return set(key, .array([element]), line: line) }
        values[key] = .array([])
        elements.append(element)
        values[key] = .array(elements)
    }
}
