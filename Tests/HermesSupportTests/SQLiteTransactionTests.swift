import HermesTestKit
import Testing

@testable import HermesSupport

/// Transactions: whole or not at all.
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
}
