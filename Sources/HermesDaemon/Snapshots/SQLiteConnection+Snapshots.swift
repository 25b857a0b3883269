import HermesSupport

/// What the calls of `SnapshotStore` share. Only within a transaction.
extension SQLiteConnection {
    /// Id, kind and parent of a snapshot.
    struct SnapshotLink {
        let id: Int64
        let kind: SnapshotKind
        let parent: Int64?
    }

    /// The snapshot with a key or name; nil if there is none.
    func snapshotLink(_ name: String) throws -> SnapshotLink? {
        try row("SELECT id, kind, parent FROM snapshots WHERE name = ?", .text(name)) { row in
            SnapshotLink(id: try row.int64(0), kind: try kind(row.int64(1)), parent: try row.optionalInt64(2))
        }
    }

    /// The snapshot with a key or name. Throws `notFound`.
    func existingSnapshot(_ name: String) throws -> SnapshotLink {
        guard let link = try snapshotLink(name) else {
            throw SnapshotError(.notFound, "the snapshot \(name.quoted) does not exist")
        }
        return link
    }

    func kind(_ number: Int64) throws -> SnapshotKind {
        guard let kind = SnapshotKind(rawValue: number) else {
            throw HermesError(.corrupt, "the database \(path) has a snapshot of the kind \(number)")
        }
        return kind
    }

    /// The ids from `first` upwards, each followed by its parent's. Throws `corrupt` for one that is its own ancestor: ids
    /// do not rise along a chain, as a commit can give a snapshot a parent that is younger, so a damaged file could have it.
    func snapshotChain(from first: Int64?) throws -> [Int64] {
        var chain: [Int64] = []
        var seen: Set<Int64> = []
        var next = first
        while let id = next {
            guard seen.insert(id).inserted else {
                throw HermesError(.corrupt, "the database \(path) has the snapshot \(id) among its own parents")
            }
            chain.append(id)
            let parent = try row("SELECT parent FROM snapshots WHERE id = ?", .integer(id)) { try $0.optionalInt64(0) }
            guard let parent else {
                throw HermesError(.corrupt, "the database \(path) lacks the snapshot \(id), a parent of another")
            }
            next = parent
        }
        return chain
    }

    /// All of a snapshot. Throws `notFound`.
    func snapshotRecord(_ name: String) throws -> SnapshotRecord {
        let id = try existingSnapshot(name).id
        let labels = try rows("SELECT key, value FROM labels WHERE snapshot = ?", .integer(id)) { row in
            (key: try row.text(0), value: try row.text(1))
        }
        let record = try row("\(Self.records) WHERE child.id = ?", .integer(id)) { row in
            try snapshotRecord(row, labels: Dictionary(labels.map { ($0.key, $0.value) }) { $1 })
        }
        guard let record else { throw SnapshotError(.notFound, "the snapshot \(name.quoted) does not exist") }
        return record
    }

    /// The query whose rows `snapshotRecord(_:labels:)` reads; the snapshot is `child`.
    static let records = """
        SELECT child.id, child.name, parent.name, child.kind, child.created, child.updated, child.size, child.inodes,
            lazy.image, lazy.reference, lazy.layers
        FROM snapshots AS child LEFT JOIN snapshots AS parent ON parent.id = child.parent
            LEFT JOIN lazy ON lazy.snapshot = child.id
        """

    func snapshotRecord(_ row: SQLiteRow, labels: [String: String]) throws -> SnapshotRecord {
        let lazy = try row.optionalText(8).map { try lazyBase($0, try row.text(9), try row.int64(10)) }
        return SnapshotRecord(
            id: try row.int64(0),
            info: SnapshotInfo(
                name: try row.text(1), parent: try row.optionalText(2) ?? "", kind: try kind(row.int64(3)),
                created: Timestamp(nanosecondsSinceEpoch: try row.int64(4)),
                updated: Timestamp(nanosecondsSinceEpoch: try row.int64(5)), labels: labels),
            usage: SnapshotUsage(size: try row.int64(6), inodes: try row.int64(7)), lazy: lazy)
    }

    /// Writes a label in place of one with its key; an empty value removes that, as in containerd.
    func setLabel(_ key: String, _ value: String, of id: Int64) throws {
        if value.isEmpty {
            try run("DELETE FROM labels WHERE snapshot = ? AND key = ?", .integer(id), .text(key))
        } else {
            try run("INSERT OR REPLACE INTO labels VALUES (?, ?, ?)", .integer(id), .text(key), .text(value))
        }
    }

    /// Writes labels in place of all that are there.
    func setLabels(_ labels: [String: String], of id: Int64) throws {
        try run("DELETE FROM labels WHERE snapshot = ?", .integer(id))
        for (key, value) in labels { try setLabel(key, value, of: id) }
    }
}
