import HermesSupport

extension SnapshotStore {
    /// Adds a view or an active snapshot of a committed one, or of nothing where `parent` is empty. Gives the new id and
    /// those of the parents. `finish` runs last in the transaction: what it throws undoes the creation. No other snapshot has
    /// the new id then, but one may get it if the transaction fails after it.
    ///
    /// Throws, the first that is true: `invalidArgument` for the kind `committed`, a key or labels that cannot be; `notFound`
    /// for a parent that does not exist, `invalidArgument` for one that is not committed; `alreadyExists`.
    package func create(
        _ kind: SnapshotKind, key: String, parent: String, labels: [String: String] = [:],
        finish: @Sendable (SnapshotChain) throws -> Void = { _ in }
    ) throws -> SnapshotChain {
        guard kind != .committed else {
            throw SnapshotError(.invalidArgument, "a snapshot is created as a view or active, and committed later")
        }
        return try insert(kind, key: key, parent: parent, labels: labels) { try finish($1) }
    }

    /// Does the work of `create` for any kind. `finish` runs last in the transaction.
    func insert(
        _ kind: SnapshotKind, key: String, parent: String, labels: [String: String],
        finish: @Sendable (SQLiteConnection, SnapshotChain) throws -> Void
    ) throws -> SnapshotChain {
        try SnapshotLimits.check(key: key)
        try SnapshotLimits.check(labels: labels)
        return try transaction(.write) { [now] connection in
            let base = try parent.isEmpty ? nil : Self.parent(parent, of: key, on: connection)
            guard try connection.snapshotLink(key) == nil else {
                throw SnapshotError(.alreadyExists, "the snapshot \(key.quoted) exists already")
            }
            let time = SQLiteValue.integer(now().nanosecondsSinceEpoch)
            try connection.run(
                "INSERT INTO snapshots (name, parent, kind, created, updated) VALUES (?, ?, ?, ?, ?)",
                .text(key), .optional(base), .integer(kind.rawValue), time, time)
            let id = connection.lastInsertedRow
            try connection.setLabels(labels, of: id)
            let (folders, lazy) = try connection.standing(on: base)
            let chain = SnapshotChain(id: id, kind: kind, parents: folders, base: lazy)
            try finish(connection, chain)
            return chain
        }
    }

    private static func parent(_ parent: String, of key: String, on connection: SQLiteConnection) throws -> Int64 {
        guard let link = try connection.snapshotLink(parent) else {
            throw SnapshotError(.notFound, "the parent \(parent.quoted) of the snapshot \(key.quoted) does not exist")
        }
        guard link.kind == .committed else {
            throw SnapshotError(
                .invalidArgument, "the parent \(parent.quoted) of the snapshot \(key.quoted) is not committed")
        }
        return link.id
    }
}
