import HermesSupport

extension SnapshotStore {
    /// How many snapshots there are of each kind, and how many of the committed ones are mounted lazily.
    package func counts() throws -> (kinds: [SnapshotKind: Int], lazy: Int) {
        try transaction(.read) { connection in
            let kinds = try connection.rows("SELECT kind, count(*) FROM snapshots GROUP BY kind") { row in
                (try connection.kind(try row.int64(0)), Int(try row.int64(1)))
            }
            let lazy = try connection.row("SELECT count(*) FROM lazy") { Int(try $0.int64(0)) }
            return (Dictionary(kinds) { $1 }, lazy ?? 0)
        }
    }
}
