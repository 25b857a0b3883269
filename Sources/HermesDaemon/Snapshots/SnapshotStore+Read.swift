import HermesSupport

extension SnapshotStore {
    /// What the mounts of a view or an active snapshot are made of. Throws `notFound`, and `failedPrecondition` for a
    /// committed one, which is not mounted itself.
    package func chain(_ key: String) throws -> SnapshotChain {
        try transaction(.read) { connection in
            let link = try connection.existingSnapshot(key)
            guard link.kind != .committed else {
                throw SnapshotError(.failedPrecondition, "the snapshot \(key.quoted) is neither active nor a view")
            }
            let (folders, base) = try connection.standing(on: link.parent)
            return SnapshotChain(id: link.id, kind: link.kind, parents: folders, base: base)
        }
    }

    /// All that is stored of a snapshot of any kind. Throws `notFound`.
    package func stat(_ key: String) throws -> SnapshotRecord {
        try transaction(.read) { try $0.snapshotRecord(key) }
    }

    /// The usage that a snapshot was committed with; zero for a view and an active one. Throws `notFound`.
    package func usage(_ key: String) throws -> SnapshotUsage { try stat(key).usage }

    /// The snapshots that a filter lets through, in the order of the bytes of their names.
    ///
    /// All are read before the first is filtered, so that nothing that a caller does with them holds the store.
    package func records(matching filter: SnapshotFilter = .all) throws -> [SnapshotRecord] {
        let records = try transaction(.read) { connection in
            var labels: [Int64: [String: String]] = [:]
            _ = try connection.rows("SELECT snapshot, key, value FROM labels") { row in
                labels[try row.int64(0), default: [:]][try row.text(1)] = try row.text(2)
            }
            return try connection.rows("\(SQLiteConnection.records) ORDER BY child.name") { row in
                try connection.snapshotRecord(row, labels: labels[try row.int64(0)] ?? [:])
            }
        }
        return records.filter { filter.matches($0.info) }
    }

    /// The key or name of every snapshot by its id: a folder whose id is not among them belongs to nobody.
    package func ids() throws -> [Int64: String] {
        try transaction(.read) { connection in
            let pairs = try connection.rows("SELECT id, name FROM snapshots") { (try $0.int64(0), try $0.text(1)) }
            return Dictionary(pairs) { $1 }
        }
    }

    /// Runs `body` with the ids of all snapshots while none is being created or removed.
    package func withNoWriter<Result: Sendable>(_ body: @Sendable (Set<Int64>) throws -> Result) throws -> Result {
        try transaction(.write) { connection in
            try body(Set(try connection.rows("SELECT id FROM snapshots") { try $0.int64(0) }))
        }
    }
}
