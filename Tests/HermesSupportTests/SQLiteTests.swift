import Glibc
import HermesTestKit
import Testing

@testable import HermesSupport

/// The layer over SQLite, on real files.
@Suite struct SQLiteTests {
    private let folder: TestFolder
    private let path: String

    init() throws {
        folder = try TestFolder()
        path = "\(folder.path)/test.db"
    }

    private func open(busyTimeout: Int32 = 5000) throws -> SQLiteConnection {
        try SQLiteConnection(path, synchronous: .normal, busyTimeout: busyTimeout)
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test func valuesComeBackAsTheyWere() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, value)")
        let values: [SQLiteValue] = [
            .null, .integer(0), .integer(.min), .integer(.max), .text(""), .text("a\0b\0"), .text("e\u{301}\u{1f40d}"),
            .blob([]), .blob([0]), .blob(Array(0...255)), .text(String(repeating: "x", count: 100_000)),
        ]
        for (id, value) in values.enumerated() {
            #expect(try connection.run("INSERT INTO t VALUES (?, ?)", .integer(Int64(id)), value) == 1)
            #expect(connection.lastInsertedRow == Int64(id))
        }
        let types = try connection.rows("SELECT typeof(value) FROM t ORDER BY id") { try $0.text(0) }
        #expect(types.prefix(8) == ["null", "integer", "integer", "integer", "text", "text", "text", "blob"])
        for (id, value) in values.enumerated() {
            let read = try connection.row("SELECT value FROM t WHERE id = ?", .integer(Int64(id))) { row in
                switch value {
                case .null: row.isNull(0) ? SQLiteValue.null : .text("not null")
                case .integer: SQLiteValue.integer(try row.int64(0))
                case .text: SQLiteValue.text(try row.text(0))
                case .blob: SQLiteValue.blob(try row.bytes(0))
                }
            }
            #expect(read == value)
            // Bytes, as Swift takes texts for equal that are not the same.
            if case .text(let text) = value, case .text(let back)? = read {
                #expect(Array(text.utf8) == Array(back.utf8))
            }
        }
        #expect(try connection.row("SELECT value FROM t WHERE id = 99") { try $0.int64(0) } == nil)
        #expect(try connection.row("SELECT value FROM t WHERE id = 0") { try $0.optionalText(0) } == .some(nil))
        #expect(try connection.row("SELECT value FROM t WHERE id = 0") { try $0.optionalInt64(0) } == .some(nil))
    }

    @Test(arguments: ["SELECT 'a'", "SELECT NULL", "SELECT 1.5", "SELECT x'00'"])
    func numberOfAnotherTypeIsRefused(sql: String) throws {
        let connection = try open()
        let error = #expect(throws: HermesError.self) { try connection.row(sql) { try $0.int64(0) } }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains(path) == true)
    }

    @Test func otherColumnsAreRefused() throws {
        let connection = try open()
        for column in [-1, 1, 99] as [Int32] {
            #expect(throws: HermesError.self) { try connection.row("SELECT 1") { try $0.int64(column) } }
        }
        #expect(throws: HermesError.self) { try connection.row("SELECT CAST(x'ff' AS TEXT)") { try $0.text(0) } }
        #expect(throws: HermesError.self) { try connection.row("SELECT 1") { try $0.text(0) } }
        #expect(throws: HermesError.self) { try connection.row("SELECT 'a'") { try $0.bytes(0) } }
    }

    @Test func statementsThatAreNoneAreRefused() throws {
        let connection = try open()
        for sql in ["", "-- nothing", "SELECT 1; SELECT 2", "SELEKT", "SELECT ?", "SELECT missing"] {
            #expect(throws: HermesError.self) { try connection.run(sql) }
        }
        #expect(throws: HermesError.self) { try connection.run("SELECT ?", .null, .null) }
        #expect(try connection.row("SELECT ?", .integer(7)) { try $0.int64(0) } == 7)
    }

    @Test func statementIsResetWhenItsBodyThrows() throws {
        struct Stop: Error {}
        let connection = try open()
        try connection.execute("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2)")
        let sql = "SELECT n FROM t WHERE n > ? ORDER BY n"
        for _ in 0..<3 {
            #expect(throws: Stop.self) { try connection.rows(sql, .integer(0)) { _ in throw Stop() } }
        }
        #expect(try connection.rows(sql, .integer(0)) { try $0.int64(0) } == [1, 2])
        // A statement in the middle of its rows would keep the table from being dropped.
        try connection.execute("DROP TABLE t")
    }

    @Test func sameTextWithinItsOwnBody() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1), (2), (3)")
        let sql = "SELECT n FROM t WHERE n >= ? ORDER BY n"
        let pairs = try connection.rows(sql, .integer(1)) { outer in
            let first = try outer.int64(0)
            let inner = try connection.rows(sql, .integer(first)) { try $0.int64(0) }
            return [try outer.int64(0)] + inner
        }
        #expect(pairs == [[1, 1, 2, 3], [2, 2, 3], [3, 3]])
    }

    @Test func countsOnlyWhatTheStatementChanged() throws {
        let connection = try open()
        try connection.execute(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (parent INTEGER REFERENCES parent(id) ON DELETE CASCADE);
            INSERT INTO parent VALUES (1), (2);
            INSERT INTO child VALUES (1), (1), (2)
            """)
        #expect(try connection.run("DELETE FROM parent WHERE id = 1") == 1)
        #expect(try connection.run("DELETE FROM parent WHERE id = 1") == 0)
        #expect(try connection.run("SELECT 1") == 0)
        #expect(try connection.row("SELECT count(*) FROM child") { try $0.int64(0) } == 1)
    }

    @Test func constraintIsRecognised() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (n INTEGER UNIQUE); INSERT INTO t VALUES (1)")
        let error = #expect(throws: HermesError.self) { try connection.run("INSERT INTO t VALUES (1)") }
        let cause = try #require(error?.cause as? SQLiteError)
        #expect(cause.isConstraint)
        // SQLITE_CONSTRAINT_UNIQUE (sqlite.org/rescode.html).
        #expect(cause.extendedCode == 2067)
        #expect(error?.description.contains("UNIQUE constraint failed: t.n (SQLite error 2067)") == true)
        try connection.execute("CREATE TABLE u (n INTEGER REFERENCES t(n))")
        let foreign = #expect(throws: HermesError.self) { try connection.run("INSERT INTO u VALUES (5)") }
        #expect((foreign?.cause as? SQLiteError)?.isConstraint == true)
    }

    @Test func filesArePrivateAndSettingsHold() throws {
        let connection = try open()
        try connection.execute("CREATE TABLE t (n INTEGER)")
        for name in [path, "\(path)-wal", "\(path)-shm"] { #expect(mode(name) == 0o600) }
        #expect(try connection.row("PRAGMA journal_mode") { try $0.text(0) } == "wal")
        #expect(try connection.row("PRAGMA foreign_keys") { try $0.int64(0) } == 1)
        #expect(try connection.row("PRAGMA synchronous") { try $0.int64(0) } == 1)
        let full = try SQLiteConnection(path, synchronous: .full)
        #expect(try full.row("PRAGMA synchronous") { try $0.int64(0) } == 2)
    }

    @Test func fileThatEverybodyReadsBecomesPrivate() throws {
        do { try open().execute("CREATE TABLE t (n INTEGER)") }
        chmod(path, 0o644)
        let connection = try open()
        try connection.execute("INSERT INTO t VALUES (1)")
        for name in [path, "\(path)-wal"] { #expect(mode(name) == 0o600) }
    }

    @Test func closingRemovesTheLog() throws {
        do { try open().execute("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (42)") }
        #expect(mode("\(path)-wal") == nil)
        let script = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT n FROM t').fetchall())"
        #expect(try TestTool.run([TestTool.python, "-c", script, path]).text == "[(42,)]\n")
    }
}
