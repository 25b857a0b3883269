import CSQLite

extension SQLiteConnection {
    /// The purpose of a transaction.
    package enum Access: String {
        /// The transaction sees one state throughout, even while others write, and needs no lock.
        case read = "BEGIN"
        /// The transaction takes the one lock for writing at its start, so that its reads stay true until it writes.
        case write = "BEGIN IMMEDIATE"
    }

    /// Runs `body` in a transaction: all its changes stay, or, when anything throws, none of them.
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
