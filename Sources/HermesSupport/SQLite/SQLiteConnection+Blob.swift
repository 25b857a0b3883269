import CSQLite

extension SQLiteConnection {
    /// Gives the bytes in one field to `sink` in pieces of at most 256 KiB, so that they are never in memory as a whole
    /// (sqlite.org/c3ref/blob_open.html). `row` is the rowid. `table` and `column` are constants of the program. The row must
    /// not be changed meanwhile. Throws `io` where the field is not there or is a number, and what `sink` throws.
    package func readBlob(
        _ table: String, _ column: String, row: Int64, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var opened: OpaquePointer?
        let status = sqlite3_blob_open(handle, "main", table, column, row, 0, &opened)
        guard status == SQLITE_OK else { throw failure(status) }
        defer { sqlite3_blob_close(opened) }
        let size = sqlite3_blob_bytes(opened)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { room.deallocate() }
        var offset: Int32 = 0
        while offset < size {
            let count = min(size - offset, Int32(room.count))
            let status = sqlite3_blob_read(opened, room.baseAddress, count, offset)
            guard status == SQLITE_OK else { throw failure(status) }
            try sink(UnsafeRawBufferPointer(rebasing: room[..<Int(count)]))
            offset += count
        }
    }
}
