import HermesCore
import HermesSupport

extension ArtifactStore {
    /// What one collection has removed.
    package struct Collected: Sendable, Equatable {
        package var artifacts = 0
        package var blobs = 0
        /// The size of the blobs in all their forms.
        package var bytes: Int64 = 0
    }

    /// Removes the artifacts that nobody has asked for in `unusedFor` seconds, at least 0; then those used longest ago, until what is
    /// named takes at most `sizeBudget` bytes; then the blobs that no artifact names. A blob stays while it is open, and for a day
    /// after it was written or `ztoc(of:spanSize:)` gave it, if no artifact named it meanwhile.
    ///
    /// The lock on the store is given back between two blobs, so that requests do not wait for the whole.
    package func collectGarbage(unusedFor: Int64, sizeBudget: Int64) throws -> Collected {
        var collected = Collected()
        collected.artifacts = try transaction(.write) { state in
            let connection = state.connection
            let old = try connection.run(
                "DELETE FROM artifacts WHERE used < ?", .integer(now() - unusedFor))
            return old + (try shrink(to: sizeBudget, connection))
        }
        if collected.artifacts > 0 { changed() }
        withState { state in
            let time = now()
            // A clock that was set back must not keep them for ever.
            state.unnamed = state.unnamed.filter { (time - Self.patience...time).contains($0.value) }
        }
        for digest in try folder.digests() {
            let removed: Int64? = try withState { state in
                guard state.unnamed[digest] == nil, !isOpen(digest),
                    try !Self.isNamed(digest, state.connection)
                else { return nil }
                let bytes = folder.footprint(of: digest)
                try state.connection.run("DELETE FROM ztocs WHERE ztoc = ?", .text(digest.description))
                try folder.remove(digest)
                return bytes
            }
            guard let removed else { continue }
            collected.blobs += 1
            collected.bytes += removed
        }
        return collected
    }

    /// Removes the artifacts used longest ago until the blobs of the others take at most `budget` bytes, and gives their
    /// number.
    private func shrink(to budget: Int64, _ connection: SQLiteConnection) throws -> Int {
        let named = try connection.rows(
            """
            SELECT id, used, index_digest FROM artifacts WHERE index_digest IS NOT NULL
            UNION SELECT id, used, ztoc FROM artifacts JOIN layers ON artifact = id ORDER BY used, id
            """
        ) { (id: try $0.int64(0), digest: try Digest($0.text(2))) }
        var uses: [Digest: Int] = [:]
        for blob in named { uses[blob.digest, default: 0] += 1 }
        let sizes = uses.reduce(into: [:]) { $0[$1.key] = folder.footprint(of: $1.key) }
        var total = sizes.values.reduce(0, +)
        var removed: Set<Int64> = []
        for blob in named {
            // An artifact goes with all its blobs, which are neighbours here.
            guard total > budget || removed.contains(blob.id) else { break }
            if removed.insert(blob.id).inserted {
                try connection.run("DELETE FROM artifacts WHERE id = ?", .integer(blob.id))
            }
            let rest = (uses[blob.digest] ?? 1) - 1
            uses[blob.digest] = rest
            if rest == 0 { total -= sizes[blob.digest] ?? 0 }
        }
        return removed.count
    }

    private static func isNamed(_ digest: Digest, _ connection: SQLiteConnection) throws -> Bool {
        let text = SQLiteValue.text(digest.description)
        let found = try connection.row(
            """
            SELECT 1 FROM artifacts WHERE index_digest = ? UNION ALL SELECT 1 FROM layers WHERE ztoc = ? LIMIT 1
            """, text, text
        ) { try $0.int64(0) }
        return found != nil
    }
}
