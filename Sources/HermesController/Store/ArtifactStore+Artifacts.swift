import HermesCore
import HermesSupport

extension ArtifactStore {
    /// The most artifacts that one call of `artifacts(before:limit:)` gives.
    package static let pageLimit = 1000

    /// Stores the index of an image, and makes the artifact ready in one transaction. `layers` are the zTOCs of the index, in
    /// its order; their blobs were written or given by `ztoc(of:spanSize:)` before. `imageSize` is the sum of the image's layers in bytes; nil
    /// where it is not known.
    ///
    /// Throws `notFound` when a blob is not there any more; the caller then has to build it again.
    @discardableResult
    package func finish(
        _ key: Artifact.Key, source: String, config: Digest?, imageSize: Int64?, index bytes: [UInt8],
        layers: [SOCIIndex.Layer]
    ) throws -> Artifact {
        let writer = try blobWriter()
        try bytes.withUnsafeBytes { try writer.write($0) }
        let index = try writer.finish()
        let artifact = try transaction(.write) { state in
            for blob in layers.map({ (digest: $0.digest, size: $0.size) }) + [index]
            where folder.size(of: blob.digest) != blob.size {
                throw HermesError(
                    .notFound, "the index of \(key.image) needs the blob \(blob.digest), which the store does not have")
            }
            let connection = state.connection
            let time = SQLiteValue.integer(now())
            let id = try connection.row(
                """
                INSERT INTO artifacts
                    (image, platform, source, config, index_digest, index_type, index_size, created, updated, used,
                    image_size)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?8, ?9)
                ON CONFLICT (image, platform) DO UPDATE SET
                    source = ?3, config = ?4, index_digest = ?5, index_type = ?6, index_size = ?7, error = NULL,
                    updated = ?8, used = ?8, image_size = ?9
                RETURNING id
                """, .text(key.image), .text(key.platform), .text(source), .optional(config?.description),
                .text(index.digest.description), .text(SOCIIndex.mediaType), .integer(index.size), time,
                .optional(imageSize)
            ) { try $0.int64(0) }
            guard let id else { throw HermesError(.system, "the database gives no number for a new artifact") }
            try connection.run("DELETE FROM layers WHERE artifact = ?", .integer(id))
            for (position, layer) in layers.enumerated() {
                try connection.run(
                    "INSERT INTO layers (artifact, position, \(Self.layerColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    .integer(id), .integer(Int64(position)), .text(layer.layerDigest.description),
                    .text(layer.layerMediaType), .optional(layer.spanSize), .text(layer.digest.description),
                    .integer(layer.size), .integer(layer.disableXattrs ? 1 : 0))
            }
            return try Self.artifact(id, connection)
        }
        withState { state in
            for digest in layers.map(\.digest) + [index.digest] { state.unnamed[digest] = nil }
        }
        changed()
        return artifact
    }

    /// Notes that no index could be made, and why. An artifact that is ready stays as it is.
    package func fail(_ key: Artifact.Key, source: String, error: String) throws {
        try transaction(.write) { state in
            _ = try state.connection.run(
                """
                INSERT INTO artifacts (image, platform, source, error, created, updated, used)
                VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5)
                ON CONFLICT (image, platform) DO UPDATE SET
                    source = ?3, error = ?4, updated = ?5, used = ?5
                WHERE index_digest IS NULL
                """, .text(key.image), .text(key.platform), .text(source), .text(error.printable(2000)),
                .integer(now()))
        }
        changed()
    }

    /// The artifact of an image; nil where there is none.
    package func find(_ key: Artifact.Key) throws -> Artifact? {
        try transaction(.read) { state in
            var artifact = try state.connection.row(
                "SELECT \(Self.artifactColumns) FROM artifacts WHERE image = ? AND platform = ?", .text(key.image),
                .text(key.platform), body: Self.artifact)
            if let id = artifact?.id { artifact?.layers = try Self.layers(of: id, state.connection) }
            return artifact
        }
    }

    /// The newest artifacts with an `id` below `cursor`, the newest first; from the very newest one where it is nil. `limit` is
    /// in 1...`pageLimit`.
    package func artifacts(before cursor: Int64?, limit: Int) throws -> [Artifact] {
        try transaction(.read) { state in
            let found = try state.connection.rows(
                "SELECT \(Self.artifactColumns) FROM artifacts WHERE id < ? ORDER BY id DESC LIMIT ?",
                .integer(cursor ?? .max), .integer(Int64(limit)), body: Self.artifact)
            return try found.map { artifact in
                var artifact = artifact
                artifact.layers = try Self.layers(of: artifact.id, state.connection)
                return artifact
            }
        }
    }

    /// Notes that artifacts were asked for now.
    package func markUsed(_ keys: some Sequence<Artifact.Key> & Sendable) throws {
        try transaction(.write) { state in
            for key in keys {
                try state.connection.run(
                    "UPDATE artifacts SET used = max(used, ?) WHERE image = ? AND platform = ?", .integer(now()),
                    .text(key.image), .text(key.platform))
            }
        }
    }

    private static func artifact(_ id: Int64, _ connection: SQLiteConnection) throws -> Artifact {
        let found = try connection.row(
            "SELECT \(artifactColumns) FROM artifacts WHERE id = ?", .integer(id), body: artifact)
        guard var found else { throw HermesError(.system, "the artifact \(id) was not stored") }
        found.layers = try layers(of: id, connection)
        return found
    }
}
