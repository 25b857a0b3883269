import CSQLite

/// A failed call of SQLite: its codes and its own text. It is the cause of the `HermesError` that names the file.
package struct SQLiteError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The primary result code, such as SQLITE_CONSTRAINT: the low byte of the extended one (sqlite.org/rescode.html).
    package let code: Int32
    /// The extended result code, such as SQLITE_CONSTRAINT_UNIQUE.
    package let extendedCode: Int32
    /// SQLite's text, in one line.
    package let text: String

    /// Makes an error of an extended code.
    package init(extendedCode: Int32, text: String) {
        code = extendedCode & 0xff
        self.extendedCode = extendedCode
        self.text = text.printable(500)
    }

    /// The error of the call that a connection has just made; a connection that could not even be allocated has no text.
    init(_ status: Int32, of handle: OpaquePointer?) {
        let text = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(status)
        self.init(extendedCode: status, text: text.map { String(cString: $0) } ?? "unknown error")
    }

    /// Whether a row would break what its table demands (UNIQUE, CHECK, NOT NULL, FOREIGN KEY). Nothing was changed then.
    package var isConstraint: Bool { code == SQLITE_CONSTRAINT }

    package var description: String { "\(text) (SQLite error \(extendedCode))" }
}
