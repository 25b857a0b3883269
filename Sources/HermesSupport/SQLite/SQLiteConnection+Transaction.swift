import CSQLite

extension SQLiteConnection {
    /// What a transaction is for.
    package enum Access: String {
        /// It sees one state throughout, however others write meanwhile, and needs no lock for it.
        case read = "BEGIN"
        /// It takes the one lock for writing at its start, so that what it reads stays true until it writes.
        case write = "BEGIN IMMEDIATE"
    }

    /// Runs `body` in a transaction: all of what it writes stays, or, when anything throws, none of it.
    ///
    /// Throws `unavailable` when another connection writes for longer than the busy timeout. A transaction within
    /// another is a mistake of the caller's, and throws `system`.
    @discardableResult
    package func transaction<Result>(_ access: Access = .write, _ body: () throws -> Result) throws -> Result {
        guard !isInTransaction else {
            throw HermesError(.system, "a transaction on the database \(path) was begun within another")
        }
        try execute(access.rawValue)
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // A full disk and the like have ended the transaction already (sqlite.org/lang_transaction.html).
            if isInTransaction { try? execute("ROLLBACK") }
            throw error
        }
    }

    private var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }
}
