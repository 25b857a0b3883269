import HermesSupport
import Synchronization

/// The snapshots' metadata, in an SQLite file: which there are, how they descend from each other, their labels.
///
/// It answers as containerd's own metastore does (core/snapshots/storage), so that whatever drives the overlayfs snapshotter
/// drives this one. Every call is one transaction, which has reached the disk when the call returns. Which labels a snapshot
/// gets from its image is decided by containerd before it calls (it passes on "containerd.io/snapshot.ref" and those that
/// begin with "containerd.io/snapshot/"); here all labels of a call are kept.
///
/// Calls may come from any thread, and block on the disk. They throw `SnapshotError` for what is wrong with the call, and
/// `HermesError` for what is wrong with the machine or the file.
package final class SnapshotStore: Sendable {
    private let connection: Mutex<SQLiteConnection>
    /// The clock behind `created` and `updated`.
    let now: @Sendable () -> Timestamp

    /// Opens the file at `path`; makes it if there is none. Throws as `SQLiteConnection` does, and `unsupported` for a file
    /// of a newer program.
    package init(_ path: String, now: @escaping @Sendable () -> Timestamp = { .now() }) throws {
        let connection = try SQLiteConnection(path, synchronous: .full)
        try connection.migrate(
            to: 2,
            steps: [
                { try $0.execute(SnapshotSchema.version1) }, { try $0.execute(SnapshotSchema.version2) },
            ])
        self.connection = Mutex(connection)
        self.now = now
    }

    /// Runs one call.
    func transaction<Result: Sendable>(
        _ access: SQLiteConnection.Access, _ body: @Sendable (SQLiteConnection) throws -> Result
    ) throws -> Result {
        try connection.withLock { connection in
            try connection.transaction(access) { try body(connection) }
        }
    }
}
