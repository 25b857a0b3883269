import HermesSupport

extension SnapshotStore {
    /// Makes an active snapshot a committed one under another name, with these labels and no others, created now. Its id
    /// stays, its key is free again. A snapshot without a parent may be given one here (containerd's "rebase").
    ///
    /// Throws, the first that is true: `invalidArgument` for a name or labels that cannot be; `notFound` for the key;
    /// `alreadyExists` for the name, also when it is the key; `failedPrecondition` when the snapshot is not active;
    /// `invalidArgument` for a parent other than the one it has, `notFound` or `failedPrecondition` for one that is not there
    /// or not committed.
    @discardableResult
    package func commit(
        _ key: String, as name: String, usage: SnapshotUsage, labels: [String: String] = [:], parent: String = ""
    ) throws -> Int64 {
        try SnapshotLimits.check(key: name)
        try SnapshotLimits.check(labels: labels)
        return try transaction(.write) { [now] connection in
            let active = try connection.existingSnapshot(key)
            guard try connection.snapshotLink(name) == nil else {
                throw SnapshotError(.alreadyExists, "the committed snapshot \(name.quoted) exists already")
            }
            guard active.kind == .active else {
                throw SnapshotError(.failedPrecondition, "the snapshot \(key.quoted) is not active")
            }
            let base = try parent.isEmpty ? active.parent : Self.base(parent, of: key, active, on: connection)
            let time = SQLiteValue.integer(now().nanosecondsSinceEpoch)
            try connection.run(
                """
                UPDATE snapshots SET name = ?, parent = ?, kind = ?, created = ?, updated = ?, size = ?, inodes = ?
                WHERE id = ?
                """,
                .text(name), .optional(base), .integer(SnapshotKind.committed.rawValue), time, time,
                .integer(usage.size), .integer(usage.inodes), .integer(active.id))
            try connection.setLabels(labels, of: active.id)
            return active.id
        }
    }

    /// The parent that a commit names.
    private static func base(
        _ parent: String, of key: String, _ active: SQLiteConnection.SnapshotLink, on connection: SQLiteConnection
    ) throws -> Int64 {
        let link = try connection.snapshotLink(parent)
        guard active.parent == nil || active.parent == link?.id else {
            throw SnapshotError(.invalidArgument, "the parent of the snapshot \(key.quoted) cannot be changed")
        }
        // A snapshot has no key any more when it is committed, so it is not there to be its own parent.
        guard let link, link.id != active.id else {
            throw SnapshotError(.notFound, "the parent \(parent.quoted) of the snapshot \(key.quoted) does not exist")
        }
        guard link.kind == .committed else {
            throw SnapshotError(
                .failedPrecondition, "the parent \(parent.quoted) of the snapshot \(key.quoted) is not committed")
        }
        return link.id
    }
}
