import HermesSupport

/// What containerd knows of a snapshot (`snapshots.v1.Info`).
package struct SnapshotInfo: Sendable, Equatable {
    /// The key of a view or an active snapshot, the name of a committed one: one key space.
    package var name: String
    /// The name of the parent; empty where there is none.
    package var parent: String
    package var kind: SnapshotKind
    /// When it was created, or, for a committed one, committed. In UTC.
    package var created: Timestamp
    /// When its labels were written last.
    package var updated: Timestamp
    /// Never with an empty value: to containerd that is a label that is not there.
    package var labels: [String: String]

    package init(
        name: String, parent: String = "", kind: SnapshotKind, created: Timestamp, updated: Timestamp,
        labels: [String: String] = [:]
    ) {
        self.name = name
        self.parent = parent
        self.kind = kind
        self.created = created
        self.updated = updated
        self.labels = labels
    }
}
