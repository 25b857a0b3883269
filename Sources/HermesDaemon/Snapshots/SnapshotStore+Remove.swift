import HermesSupport

extension SnapshotStore {
    /// Removes a snapshot of any kind, and gives what its folder is found by, or what it was where it had none. Throws `notFound`, and `failedPrecondition`
    /// while it is a parent.
    @discardableResult
    package func remove(_ key: String) throws -> (id: Int64, kind: SnapshotKind, lazy: LazyBase?) {
        try transaction(.write) { connection in
            let link = try connection.existingSnapshot(key)
            let child = try connection.row("SELECT name FROM snapshots WHERE parent = ? LIMIT 1", .integer(link.id)) {
                try $0.text(0)
            }
            if let child {
                throw SnapshotError(
                    .failedPrecondition,
                    "cannot remove the snapshot \(key.quoted), as it is the parent of \(child.quoted)")
            }
            // The snapshot itself is the nearest there, so a base is its own where there are no folders before it.
            let standing = try connection.standing(on: link.id)
            try connection.run("DELETE FROM snapshots WHERE id = ?", .integer(link.id))
            return (link.id, link.kind, standing.folders.isEmpty ? standing.base : nil)
        }
    }
}
