import CSQLite

/// The row that a statement stands at. The row must be read before the next step, which takes it away.
///
/// SQLite's columns have no types, its values do. A value of another type than the one that is asked for comes from a
/// damaged or foreign file, and throws `corrupt`, as does a column that is not there.
package struct SQLiteRow {
    let statement: OpaquePointer
    let path: String

    /// Whether the column, counted from 0, holds NULL.
    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    /// The number in a column.
    package func int64(_ column: Int32) throws -> Int64 {
        try expect(SQLITE_INTEGER, column)
        return sqlite3_column_int64(statement, column)
    }

    /// The text in a column. Throws `corrupt` for one that is not UTF-8.
    package func text(_ column: Int32) throws -> String {
        try expect(SQLITE_TEXT, column)
        // The order is SQLite's: a conversion may happen in the first call, and the second counts its result.
        let start = sqlite3_column_text(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        let bytes = UnsafeBufferPointer(start: start, count: start == nil ? 0 : count)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw HermesError(.corrupt, "column \(column) of a row in the database \(path) is not UTF-8")
        }
        return text
    }

    /// The bytes in a column.
    package func bytes(_ column: Int32) throws -> [UInt8] {
        try expect(SQLITE_BLOB, column)
        let start = sqlite3_column_blob(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    /// The number in a column, or nil for NULL.
    package func optionalInt64(_ column: Int32) throws -> Int64? { isNull(column) ? nil : try int64(column) }

    /// The text in a column, or nil for NULL.
    package func optionalText(_ column: Int32) throws -> String? { isNull(column) ? nil : try text(column) }

    private func expect(_ type: Int32, _ column: Int32) throws {
        guard sqlite3_column_type(statement, column) == type else {
            throw HermesError(.corrupt, "column \(column) of a row in the database \(path) is of the wrong type")
        }
    }
}
