import CSQLite

extension SQLiteConnection {
    /// Runs a statement to its end and gives the number of rows that it has inserted, changed or removed.
    @discardableResult
    package func run(_ sql: String, _ values: SQLiteValue...) throws -> Int {
        try withStatement(sql) { statement in
            try statement.bind(values)
            let before = sqlite3_total_changes64(handle)
            while try statement.step() != nil {}
            // SQLite's total also counts the rows that a foreign key's action removed, so the number of the statement
            // itself is taken. After a statement that changed nothing, that number is still the one of an earlier
            // statement.
            return sqlite3_total_changes64(handle) == before ? 0 : Int(sqlite3_changes64(handle))
        }
    }

    /// The rows of a query, in its order, each as `body` reads it.
    package func rows<Value>(
        _ sql: String, _ values: SQLiteValue..., body: (SQLiteRow) throws -> Value
    ) throws -> [Value] {
        try withStatement(sql) { statement in
            try statement.bind(values)
            var result: [Value] = []
            while let row = try statement.step() { result.append(try body(row)) }
            return result
        }
    }

    /// The first row of a query as `body` reads it; nil when there is none. Further rows are not looked at.
    package func row<Value>(
        _ sql: String, _ values: SQLiteValue..., body: (SQLiteRow) throws -> Value
    ) throws -> Value? {
        try withStatement(sql) { statement in
            try statement.bind(values)
            return try statement.step().map(body)
        }
    }

    /// The key of the row that was inserted last (the rowid).
    package var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }
}
