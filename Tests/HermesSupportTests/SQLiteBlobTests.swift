import HermesSupport
import HermesTestKit
import Testing

/// Reading the databases of other programs.
@Suite struct SQLiteBlobTests {
    @Test func aFieldIsReadInPieces() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/it.db"
        let bytes = testBytes(600_000, seed: 1)
        let writer = try SQLiteConnection(path, synchronous: .full)
        try writer.execute("CREATE TABLE pieces (content)")
        for value in [SQLiteValue.blob(bytes), .blob([]), .integer(5), .null] {
            try writer.run("INSERT INTO pieces VALUES (?)", value)
        }
        let connection = try SQLiteConnection(reading: path)
        var read: [UInt8] = []
        var most = 0
        try connection.readBlob("pieces", "content", row: 1) { piece in
            read += piece
            most = max(most, piece.count)
        }
        #expect(read == bytes && most == 256 << 10)
        try connection.readBlob("pieces", "content", row: 2) { _ in Issue.record("nothing is no piece") }
        for row in [3, 4, 5] as [Int64] {
            #expect(throws: HermesError.self) { try connection.readBlob("pieces", "content", row: row) { _ in } }
        }
    }

    @Test func aDatabaseIsOnlyRead() throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/it.db"
        #expect(throws: HermesError.self) { try SQLiteConnection(reading: path) }
        #expect(throws: SystemError.self) { try TestTool.read(path) }
        do { try SQLiteConnection(path, synchronous: .full).execute("CREATE TABLE pieces (content)") }
        let before = try TestTool.read(path)
        let connection = try SQLiteConnection(reading: path)
        #expect(throws: HermesError.self) { try connection.run("INSERT INTO pieces VALUES (1)") }
        #expect(try connection.rows("SELECT * FROM pieces") { _ in 1 }.isEmpty)
        #expect(try TestTool.read(path) == before)
    }
}
