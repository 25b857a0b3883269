import Glibc
import HermesTestKit
import Testing

@testable import HermesSupport

/// Transactions: whole or not at all, also for a process that is killed.
@Suite struct SQLiteTransactionTests {
    private struct Stop: Error {}
    private let folder: TestFolder
    private let path: String

    init() throws {
        folder = try TestFolder()
        path = "\(folder.path)/test.db"
    }

    private func open() throws -> SQLiteConnection {
        let connection = try SQLiteConnection(path, synchronous: .normal, busyTimeout: 50)
        try connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
        return connection
    }

    private func count(_ connection: SQLiteConnection) throws -> Int64? {
        try connection.row("SELECT count(*) FROM t") { try $0.int64(0) }
    }

    @Test func rollsBackWhatThrew() throws {
        let connection = try open()
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.run("INSERT INTO t VALUES (1)")
                #expect(try count(connection) == 1)
                throw Stop()
            }
        }
        #expect(try count(connection) == 0)
        #expect(try connection.transaction { try connection.run("INSERT INTO t VALUES (1)") } == 1)
        #expect(try count(open()) == 1)
    }

    @Test func transactionWithinAnotherIsRefused() throws {
        let connection = try open()
        let error = #expect(throws: HermesError.self) {
            try connection.transaction {
                try connection.run("INSERT INTO t VALUES (1)")
                try connection.transaction(.read) {}
            }
        }
        #expect(error?.code == .system)
        #expect(try count(connection) == 0)
    }

    @Test func secondWriterIsTurnedAway() throws {
        let first = try open()
        let second = try open()
        try first.transaction {
            try first.run("INSERT INTO t VALUES (1)")
            let error = #expect(throws: HermesError.self) { try second.transaction {} }
            #expect(error?.code == .unavailable)
            #expect((error?.cause as? SQLiteError)?.code == 5)
            // Readers are not, and do not see what is not committed.
            #expect(try second.transaction(.read) { try count(second) } == 0)
        }
        #expect(try second.transaction { try count(second) } == 1)
    }

    @Test func readerSeesOneState() throws {
        let reader = try open()
        let writer = try open()
        try reader.transaction(.read) {
            #expect(try count(reader) == 0)
            try writer.transaction { try writer.run("INSERT INTO t VALUES (1)") }
            #expect(try count(reader) == 0)
        }
        #expect(try count(reader) == 1)
    }

    @Test(arguments: ["pairs-FULL", "pairs-NORMAL"])
    func killLeavesWholeTransactions(work: String) throws {
        do { try open().execute("CREATE TABLE pair (side TEXT, n INTEGER)") }
        var committed: Int64 = 0
        for microseconds in [1, 9_000, 21_000, 40_000, 70_000] {
            committed += Int64(try TestChild.killed(work, path, afterMicroseconds: microseconds))
            // Python's own SQLite looks first, at what the kill left.
            let script = """
                import sqlite3, sys; base = sqlite3.connect(sys.argv[1])
                print(base.execute("PRAGMA integrity_check").fetchone()[0],
                    base.execute("SELECT count(*) FROM pair").fetchone()[0] % 2,
                    base.execute("SELECT sum(CASE side WHEN 'left' THEN 1 ELSE -1 END) FROM pair").fetchone()[0] or 0)
                """
            #expect(try TestTool.run([TestTool.python, "-c", script, path]).text == "ok 0 0\n")
        }
        let pairs = try open().row("SELECT count(*) / 2 FROM pair") { try $0.int64(0) } ?? 0
        // A kill takes nothing that was committed; of each process, the last pair may not have been told.
        #expect(committed >= 50)
        #expect(committed...committed + 5 ~= pairs)
    }
}
