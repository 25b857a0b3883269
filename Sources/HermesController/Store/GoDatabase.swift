import Glibc
import HermesCore
import HermesSupport

/// The database of the controller in Go, which keeps its blobs in it. It is only read.
///
/// One thread at a time; blocks on the disk.
final class GoDatabase {
    /// An artifact whose index is ready.
    struct Entry {
        let image: String
        let platform: String
        let source: String
        let config: String
        let index: String
    }

    private let connection: SQLiteConnection

    /// Throws `corrupt` for a file that is not a database.
    init(_ path: String) throws {
        connection = try SQLiteConnection(reading: path)
    }

    /// The ready artifacts. An image may have several, of which those without an acceleration profile come first: only these
    /// are plain indexes.
    func entries() throws -> [Entry] {
        try connection.rows(
            """
            SELECT CAST(image_digest_ref AS TEXT), CAST(platform AS TEXT), CAST(source_image_ref AS TEXT),
                CAST(coalesce(image_config_digest, '') AS TEXT), CAST(index_digest AS TEXT)
            FROM image_artifacts
            WHERE lower(build_status) = 'ready' AND image_digest_ref IS NOT NULL AND platform IS NOT NULL
                AND source_image_ref IS NOT NULL AND index_digest IS NOT NULL
            ORDER BY coalesce(acceleration_key, '') <> '', id
            """
        ) {
            Entry(
                image: try $0.text(0), platform: try $0.text(1), source: try $0.text(2), config: try $0.text(3),
                index: try $0.text(4))
        }
    }

    /// Gives a blob to `sink` in pieces. Throws `notFound` where there is none.
    func read(_ digest: Digest, to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let row = try connection.row(
            "SELECT rowid FROM artifact_blobs WHERE digest = ? AND typeof(content) = 'blob'", .text(digest.description)
        ) { try $0.int64(0) }
        guard let row else {
            throw HermesError(.notFound, "the database \(connection.path) does not have the blob \(digest)")
        }
        try connection.readBlob("artifact_blobs", "content", row: row, to: sink)
    }
}
