import HermesCore
import HermesSupport

extension SnapshotStore {
    /// Adds a committed snapshot whose file system is mounted lazily, and that has no folder. Throws as `create` does.
    package func addLazy(_ name: String, parent: String, labels: [String: String], _ base: LazyBase) throws {
        _ = try insert(.committed, key: name, parent: parent, labels: labels) { connection, chain in
            try connection.run(
                "INSERT INTO lazy (snapshot, image, reference, layers) VALUES (?, ?, ?, ?)", .integer(chain.id),
                .text("\(base.image)"), .text(base.reference), .integer(Int64(base.layers)))
        }
    }

    /// What a child of the snapshot `parent` stands on lazily; nil where all below it are folders, or where there is none.
    package func lazyBase(under parent: String) throws -> LazyBase? {
        try transaction(.read) { connection in
            guard let link = try connection.snapshotLink(parent) else { return nil }
            return try connection.standing(on: link.id).base
        }
    }

    /// All that snapshots are based on.
    package func lazyBases() throws -> Set<LazyBase> {
        try transaction(.read) { connection in
            Set(
                try connection.rows("SELECT DISTINCT image, reference, layers FROM lazy") { row in
                    try connection.lazyBase(try row.text(0), try row.text(1), try row.int64(2))
                })
        }
    }

    /// Whether some snapshot is based on an image.
    package func isUsed(_ image: Digest) throws -> Bool {
        try transaction(.read) { connection in
            try connection.row("SELECT 1 FROM lazy WHERE image = ? LIMIT 1", .text("\(image)")) { try $0.int64(0) }
                != nil
        }
    }
}

extension SQLiteConnection {
    /// Throws `corrupt` for values that were not written by `addLazy`.
    func lazyBase(_ image: String, _ reference: String, _ layers: Int64) throws -> LazyBase {
        guard let digest = Digest.parse(image.utf8), layers > 0, let count = Int(exactly: layers) else {
            throw HermesError(.corrupt, "the database \(path) has the lazy image \(image.printable(100))")
        }
        return LazyBase(image: digest, reference: reference, layers: count)
    }

    /// What a snapshot stands on that has the parent `first`: folders, the nearest first, down to a lazy base or the end.
    func standing(on first: Int64?) throws -> (folders: [Int64], base: LazyBase?) {
        var folders: [Int64] = []
        for id in try snapshotChain(from: first) {
            let base = try row("SELECT image, reference, layers FROM lazy WHERE snapshot = ?", .integer(id)) { row in
                try lazyBase(try row.text(0), try row.text(1), try row.int64(2))
            }
            if let base { return (folders, base) }
            folders.append(id)
        }
        return (folders, nil)
    }
}
