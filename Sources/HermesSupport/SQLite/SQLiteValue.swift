/// A value that is bound to a parameter of a statement: one of SQLite's types. There is no floating point.
package enum SQLiteValue: Sendable, Equatable {
    /// NULL.
    case null
    /// A signed number of 64 bits.
    case integer(Int64)
    /// A text, which may hold NUL characters and be empty.
    case text(String)
    /// Bytes; the array may be empty.
    case blob([UInt8])

    /// A number, or NULL for nil.
    package static func optional(_ number: Int64?) -> SQLiteValue { number.map { .integer($0) } ?? .null }

    /// A text, or NULL for nil.
    package static func optional(_ text: String?) -> SQLiteValue { text.map { .text($0) } ?? .null }
}
