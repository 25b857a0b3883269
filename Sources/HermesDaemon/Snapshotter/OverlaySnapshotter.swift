import HermesSupport
import Logging

/// A containerd snapshotter of overlay mounts. What containerd unpacks into a snapshot is a folder on this disk; a layer that
/// can be mounted lazily is a row alone, and the folder below all others of a container is then that of its image
/// (`NodeImages`).
///
/// Its answers are those of containerd's own overlay snapshotter. `<root>/metadata.db` says which snapshots there are, and
/// `<root>/snapshots` has their folders. A lazy row has none, and is added and removed in one transaction. A kill at any moment
/// leaves any other row only where its folder is:
///
/// - While a folder is made: a "new-" folder, which the next start deletes. There is no row.
/// - After it has got the name of its id, before the transaction is committed: a folder whose id no row has. The next start
///   deletes it, and a creation that gets the same id moves it aside.
/// - After a row was deleted, before its folder was renamed: a folder whose id no row has, and none will, as ids of committed
///   transactions are never used again. The next start or `cleanup` deletes it.
/// - While a folder is deleted: a "gone-" folder, which the next start or `cleanup` deletes.
/// - Between the measuring of an active snapshot and its commit: an active snapshot, as before.
///
/// Folders are moved aside by their id only within a transaction that writes, or after their row was deleted, so that no
/// creation is under way with that id. Nothing is measured or deleted in a transaction. Calls may come from any thread and
/// block on the disk. They throw `SnapshotError` and `HermesError` as `SnapshotStore` does.
package final class OverlaySnapshotter: Sendable {
    let store: SnapshotStore
    let folders: SnapshotFolders
    let log: Logger
    /// The images that are mounted lazily; nil where none is.
    let images: NodeImages?
    /// What became of the images that containerd pulled.
    let pulls = PullHistory()
    /// Held as long as the snapshotter lives: another one would delete folders that this one makes.
    private let lease: FolderLease

    /// Opens the snapshotter in `root`, an absolute path, and makes it if there is none; deletes what a kill has left. With
    /// a configuration, images are mounted lazily where that is possible; with `survives`, their mount outlives this process
    /// where that is possible. Waits for `patience` milliseconds for a process that uses the folder and was killed. Throws `usage`
    /// for a path that overlayfs could not be told, `unavailable` when another process uses the folder.
    package init(
        root: String, lazy: DaemonConfiguration? = nil, survives: Bool = false, patience: Int = 0, log: Logger
    ) throws {
        // These separate options and lower directories (mount(8), overlayfs).
        guard root.hasPrefix("/"), !root.utf8.contains(where: { ",:\\".utf8.contains($0) }) else {
            throw HermesError(
                .usage, "the root folder \(root.printable(4096)) is not absolute, or has one of , : \\ in it")
        }
        try LocalFolder.make("\(root)/snapshots")
        guard let lease = FolderLease.alone(root, within: patience) else {
            throw HermesError(.unavailable, "the root folder \(root) is used by another daemon")
        }
        self.lease = lease
        self.log = log
        let store = try SnapshotStore("\(root)/metadata.db")
        self.store = store
        folders = SnapshotFolders(path: "\(root)/snapshots")
        images = lazy.flatMap { [pulls] configuration in
            do {
                return try NodeImages(
                    root: root, survives: survives, store: store, configuration: configuration, pulls: pulls, log: log)
            } catch {
                // A node must start, so its images are pulled in full until this is mended.
                log.error("no image can be mounted lazily", metadata: ["cause": "\(error)"])
                return nil
            }
        }
        delete(try orphans(unfinished: true))
    }

    /// Puts other settings in force, as far as they can change while images are mounted.
    package func reload(_ configuration: DaemonConfiguration) { images?.reload(configuration) }

    /// Ends the mount of lazy images, or leaves it to its holder. Returns whether it is left: this process is then to end at once,
    /// and without an answer to the reads that wait. To be called once, when no call is under way.
    @discardableResult
    package func close() -> Bool { images?.close() ?? false }
}
