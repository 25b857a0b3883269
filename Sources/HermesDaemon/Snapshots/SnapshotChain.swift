/// What the mounts of a view or an active snapshot are made of.
package struct SnapshotChain: Sendable, Equatable {
    package let id: Int64
    package let kind: SnapshotKind
    /// The ids of its parents that are folders, the nearest first, as overlayfs wants its lower directories.
    package let parents: [Int64]
    /// What lies below them; nil where the last of them is the lowest.
    package let base: LazyBase?
}
