import CSQLite

/// A database in a file: one connection to it, by SQLite (sqlite.org).
///
/// It writes ahead (WAL): readers do not wait for the writer, and a process that is killed at any moment leaves the state
/// after its last whole transaction. Foreign keys are enforced. The file has mode 0600.
///
/// A connection is used by one thread at a time and is not `Sendable`: its owner keeps it behind a `Mutex`, holds that for
/// a whole transaction, and hands out values, never statements or rows. Calls block on the disk, and on other connections
/// as long as the busy timeout says, so they have no place on Swift's cooperative threads.
package final class SQLiteConnection {
    /// When a transaction is on the disk.
    package enum Synchronous: String {
        /// Before it returns. It survives a power loss.
        case full = "FULL"
        /// Some time after. A power loss may take the last ones away, but never leaves a part of one; a kill takes none.
        case normal = "NORMAL"
    }

    /// The path as it was given, for messages.
    package let path: String
    let handle: OpaquePointer
    /// Statements that are not in use, by their text. Texts are constants of the program, so they are few.
    private var idle: [String: SQLiteStatement] = [:]

    /// Opens a database; makes it if there is none. `busyTimeout` says for how many milliseconds a call waits for other
    /// connections before it throws `unavailable`.
    ///
    /// Throws `corrupt` when the file is not a database, `notFound` when the folder is missing, `cannotCreate` or
    /// `denied` when the file cannot be made or written.
    package init(_ path: String, synchronous: Synchronous, busyTimeout: Int32 = 5000) throws {
        handle = try Self.open(SQLiteFile.prepare(path), path, SQLITE_OPEN_READWRITE)
        self.path = path
        sqlite3_busy_timeout(handle, busyTimeout)
        // Functions and tables that a damaged or foreign schema could name are not trusted.
        try execute("PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON")
        let mode = try row("PRAGMA journal_mode = WAL") { try $0.text(0) }
        guard mode == "wal" else {
            throw HermesError(
                .system, "cannot open the database \(path), as its file system cannot share memory for a WAL")
        }
        try execute("PRAGMA synchronous = \(synchronous.rawValue)")
    }

    /// Opens a database of another program to read it, and never changes its file. SQLite may make files beside it (-wal, -shm).
    /// Throws `corrupt` when the file is not a database, `cannotCreate` when there is none.
    package init(reading path: String) throws {
        handle = try Self.open(SQLiteFile.resolved(path), path, SQLITE_OPEN_READONLY)
        self.path = path
        try execute("PRAGMA trusted_schema = OFF")
    }

    /// Opens `file`, which messages name as `path`.
    private static func open(_ file: String, _ path: String, _ access: Int32) throws -> OpaquePointer {
        var opened: OpaquePointer?
        // NOMUTEX: the owner's lock is enough. EXRESCODE: every call answers with extended codes.
        let flags = access | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let status = sqlite3_open_v2(file, &opened, flags, nil)
        guard status == SQLITE_OK, let opened else {
            // SQLite gives a connection for its error as well.
            let error = HermesError.sqlite("open", path, SQLiteError(status, of: opened))
            sqlite3_close_v2(opened)
            throw error
        }
        return opened
    }

    deinit {
        idle = [:]
        // The last connection to close copies the WAL into the file and removes it.
        sqlite3_close_v2(handle)
    }

    /// Runs statements without parameters and results, each once.
    package func execute(_ script: String) throws {
        let status = sqlite3_exec(handle, script, nil, nil, nil)
        guard status == SQLITE_OK else { throw failure(status) }
    }

    /// Lends the statement of a text, prepared now or earlier, and resets it afterwards, also when `body` throws. A body
    /// may ask for the same text again, and gets another statement.
    package func withStatement<Result>(_ sql: String, _ body: (SQLiteStatement) throws -> Result) throws -> Result {
        let statement = try idle.removeValue(forKey: sql) ?? SQLiteStatement(sql, on: self)
        defer {
            statement.reset()
            idle[sql] = statement
        }
        return try body(statement)
    }

    /// The error of a call that has just failed.
    func failure(_ status: Int32) -> HermesError {
        // The errno is only of this call where it is one of input or output; else it may be an old one.
        let systemError = status & 0xff == SQLITE_IOERR ? sqlite3_system_errno(handle) : 0
        return .sqlite("use", path, SQLiteError(status, of: handle), systemError: systemError)
    }
}
