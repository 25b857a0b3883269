/// A snapshot as it is stored.
package struct SnapshotRecord: Sendable, Equatable {
    /// Names its folder. It stays the same when the snapshot is committed, and is never used again.
    package let id: Int64
    package let info: SnapshotInfo
    /// As it was committed; zero for a view or an active snapshot, whose usage is on the disk.
    package let usage: SnapshotUsage
    /// What it is where it is no folder.
    package let lazy: LazyBase?
}
