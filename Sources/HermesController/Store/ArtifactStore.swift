import HermesCore
import HermesSupport
import Synchronization

/// The indexes that a controller has built, in one folder: a database of artifacts, and files for indexes and zTOCs.
///
/// | path | what it is |
/// |---|---|
/// | `hermes.db` | SQLite: `ArtifactSchema` |
/// | `blobs/sha256/HEX` | a blob by its digest |
/// | `blobs/sha256/HEX.zst` | the same blob as one zstd frame; empty where that is not worth it |
/// | `tmp/` | blobs that are being written |
///
/// A blob is synced before a row names it, and a row goes before the blob that it names. So a kill or a power loss leaves
/// nothing worse than blobs that no row names, which `collectGarbage` removes, and files in `tmp`, which the next start
/// removes. No blob is ever held in memory as a whole.
///
/// Calls may come from any thread, and block on the disk: not for Swift's cooperative threads. They throw `HermesError`; a
/// full disk is `cannotCreate`, and leaves what is stored as it is.
package final class ArtifactStore: Sendable {
    /// How many seconds a blob that was just written, or is about to be used again, may wait for an artifact to name it.
    static let patience: Int64 = 24 * 3600

    let folder: BlobFolder
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    /// Keeps other processes out.
    private let lease: FolderLease
    private let state: Mutex<State>
    private let changes = Atomic<Int>(0)
    /// How often each blob is open. It has a lock of its own, because answers end on threads that must not wait for the disk.
    let open = Mutex<[Digest: Int]>([:])

    /// What one call at a time may use.
    struct State: ~Copyable {
        let connection: SQLiteConnection
        /// Blobs that no artifact names yet, and since when.
        var unnamed: [Digest: Int64] = [:]
    }

    /// Opens the store in `path`, and makes it if there is none. Throws `unavailable` while another process uses it, and
    /// `unsupported` for one of a newer program.
    package init(_ path: String, now: @escaping @Sendable () -> Int64 = { Timestamp.now().seconds }) throws {
        folder = try BlobFolder(path)
        guard let lease = FolderLease.alone(path) else {
            throw HermesError(.unavailable, "the artifact store \(path) is in use by another process")
        }
        self.lease = lease
        self.now = now
        // A build of a large image takes minutes, so that a power loss must not take it away again.
        let connection = try SQLiteConnection("\(path)/hermes.db", synchronous: .full)
        try connection.migrate(
            to: 2,
            steps: [{ try $0.execute(ArtifactSchema.version1) }, { try $0.execute(ArtifactSchema.version2) }])
        try folder.removeTemporaryFiles()
        try Self.removeBroken(connection, folder)
        state = Mutex(State(connection: connection))
    }

    /// Changes whenever an answer about an artifact may have become another.
    package var generation: Int { changes.load(ordering: .acquiring) }

    func withState<Result: Sendable>(_ body: @Sendable (inout State) throws -> Result) rethrows -> Result {
        try state.withLock { try body(&$0) }
    }

    /// Runs one transaction.
    func transaction<Result: Sendable>(
        _ access: SQLiteConnection.Access, _ body: @Sendable (inout State) throws -> Result
    ) throws -> Result {
        try withState { state in
            let connection = state.connection
            return try connection.transaction(access) { try body(&state) }
        }
    }

    /// To be called after a change of the artifacts was committed.
    func changed() { changes.add(1, ordering: .acquiringAndReleasing) }

    /// Removes ready artifacts that lack a blob, as after the loss of a disk: they are built again when they are needed.
    private static func removeBroken(_ connection: SQLiteConnection, _ folder: BlobFolder) throws {
        let blobs = try connection.rows(
            """
            SELECT id, index_digest, index_size FROM artifacts WHERE index_digest IS NOT NULL
            UNION ALL SELECT artifact, ztoc, ztoc_size FROM layers
            """
        ) { (id: try $0.int64(0), digest: try Digest($0.text(1)), size: try $0.int64(2)) }
        let broken = Set(blobs.filter { folder.size(of: $0.digest) != $0.size }.map(\.id))
        guard !broken.isEmpty else { return }
        try connection.transaction {
            for id in broken { try connection.run("DELETE FROM artifacts WHERE id = ?", .integer(id)) }
        }
    }
}
