import CSQLite

/// A statement that is prepared once and run many times. It belongs to its connection, which lends it to one body at a
/// time (`SQLiteConnection.withStatement`); its thread rules are the connection's.
package final class SQLiteStatement {
    /// The connection outlives the statements that it lends.
    private unowned let connection: SQLiteConnection
    let handle: OpaquePointer

    /// Prepares one statement. Throws `system` for a text that holds no statement, or more than one.
    init(_ sql: String, on connection: SQLiteConnection) throws {
        self.connection = connection
        var prepared: OpaquePointer?
        var isWhole = false
        let status = sql.withCString { text in
            var tail: UnsafePointer<CChar>?
            let flags = UInt32(bitPattern: SQLITE_PREPARE_PERSISTENT)
            let status = sqlite3_prepare_v3(connection.handle, text, -1, flags, &prepared, &tail)
            isWhole = tail?.pointee == 0
            return status
        }
        guard status == SQLITE_OK else { throw connection.failure(status) }
        guard let prepared, isWhole else {
            sqlite3_finalize(prepared)
            throw HermesError(.system, "\(sql.printable(200)) is not one statement of SQL")
        }
        handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    /// Binds the values to the parameters, from the first to the last. Throws `system` when the number of values is not
    /// the number of parameters: SQLite would take NULL for a value that is missing. The bytes are copied.
    package func bind(_ values: [SQLiteValue]) throws {
        guard sqlite3_bind_parameter_count(handle) == values.count else {
            throw HermesError(.system, "\(values.count) values do not fit a statement on \(connection.path)")
        }
        for (index, value) in zip(Int32(1)..., values) {
            let status =
                switch value {
                case .null: sqlite3_bind_null(handle, index)
                case .integer(let number): sqlite3_bind_int64(handle, index, number)
                case .text(let text): Self.bind(text, at: index, of: handle)
                case .blob(let bytes): Self.bind(bytes, at: index, of: handle)
                }
            guard status == SQLITE_OK else { throw connection.failure(status) }
        }
    }

    private static func bind(_ text: String, at index: Int32, of handle: OpaquePointer) -> Int32 {
        // A C string, as its pointer is never NULL; its length is given, as it may hold NUL characters.
        text.withCString { hermes_sqlite_bind_text(handle, index, $0, UInt64(text.utf8.count)) }
    }

    private static func bind(_ bytes: [UInt8], at index: Int32, of handle: OpaquePointer) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, !buffer.isEmpty else {
                return sqlite3_bind_zeroblob(handle, index, 0)
            }
            return hermes_sqlite_bind_blob(handle, index, start, UInt64(buffer.count))
        }
    }

    /// Goes on to the next row; nil at the end. The row is gone with the next call.
    package func step() throws -> SQLiteRow? {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return SQLiteRow(statement: handle, path: connection.path)
        case SQLITE_DONE: return nil
        case let status: throw connection.failure(status)
        }
    }

    /// Ends the run, which gives its locks back, and forgets the values that were bound.
    func reset() {
        // The code is that of the step that failed, which was thrown then.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }
}
