/// What a snapshot is. The numbers are those of containerd's `snapshots.v1.Kind`, whose 0 means none.
package enum SnapshotKind: Int64, Sendable, CaseIterable {
    /// A read-only look at its parent.
    case view = 1
    /// A file system that can be written, and committed.
    case active = 2
    /// A file system that does not change any more. Only such a one has children.
    case committed = 3

    /// The name that containerd's filters know it by.
    package var name: String {
        switch self {
        case .view: "view"
        case .active: "active"
        case .committed: "committed"
        }
    }
}
