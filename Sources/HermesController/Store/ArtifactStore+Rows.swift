import HermesCore
import HermesSupport

extension ArtifactStore {
    static let artifactColumns =
        "id, image, platform, source, config, index_digest, index_type, index_size, error, created, updated, used"
    static let layerColumns = "layer, layer_type, span_size, ztoc, ztoc_size, no_xattrs"

    /// The artifact in a row of `artifactColumns`, without its layers.
    static func artifact(_ row: SQLiteRow) throws -> Artifact {
        let key: Artifact.Key
        do {
            key = try Artifact.Key(image: row.text(1), platform: row.text(2))
        } catch {
            throw HermesError(.corrupt, "an artifact in the database has no valid image", cause: error)
        }
        let state: Artifact.State
        if let digest = try row.optionalText(5) {
            let index = Descriptor(mediaType: try row.text(6), digest: try Digest(digest), size: try row.int64(7))
            state = .ready(index: index)
        } else {
            state = .failed(error: try row.text(8))
        }
        return Artifact(
            id: try row.int64(0), key: key, source: try row.text(3),
            config: try row.optionalText(4).map { try Digest($0) },
            state: state, created: try row.int64(9), updated: try row.int64(10), used: try row.int64(11), layers: [])
    }

    /// The zTOC in a row of `layerColumns`.
    static func layer(_ row: SQLiteRow) throws -> SOCIIndex.Layer {
        let blob = Descriptor(mediaType: try row.text(1), digest: try Digest(row.text(0)), size: 0)
        var layer = SOCIIndex.Layer(
            digest: try Digest(row.text(3)), size: try row.int64(4), layer: blob, spanSize: 0,
            disableXattrs: try row.int64(5) == 1)
        layer.spanSize = try row.optionalInt64(2)
        return layer
    }

    static func layers(of id: Int64, _ connection: SQLiteConnection) throws -> [SOCIIndex.Layer] {
        try connection.rows(
            "SELECT \(layerColumns) FROM layers WHERE artifact = ? ORDER BY position", .integer(id), body: layer)
    }
}
