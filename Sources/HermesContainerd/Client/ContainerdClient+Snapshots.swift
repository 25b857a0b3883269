extension ContainerdClient {
    private static func snapshots(_ method: String) -> ContainerdMethod { .init("snapshots.v1.Snapshots", method) }

    /// Whether a snapshotter has a snapshot.
    package func hasSnapshot(_ key: String, of snapshotter: String) throws -> Bool {
        do {
            let _: Containerd_Services_Snapshots_V1_StatSnapshotResponse = try call(
                Self.snapshots("Stat"),
                Containerd_Services_Snapshots_V1_StatSnapshotRequest.with {
                    ($0.snapshotter, $0.key) = (snapshotter, key)
                })
            return true
        } catch let error as ContainerdError where error.kind == .notFound {
            return false
        }
    }

    /// Makes an active snapshot, and says what is to be mounted for it. Throws `alreadyExists` also where the snapshotter has the
    /// layer that the label "containerd.io/snapshot.ref" names by itself, and made a snapshot of it.
    package func prepareSnapshot(
        _ key: String, parent: String, labels: [String: String] = [:], of snapshotter: String, lease: String
    ) throws -> [Containerd_Types_Mount] {
        let answer: Containerd_Services_Snapshots_V1_PrepareSnapshotResponse = try call(
            Self.snapshots("Prepare"),
            Containerd_Services_Snapshots_V1_PrepareSnapshotRequest.with {
                ($0.snapshotter, $0.key, $0.parent, $0.labels) = (snapshotter, key, parent, labels)
            }, lease: lease)
        return answer.mounts
    }

    /// What is to be mounted for an active snapshot.
    package func mounts(_ key: String, of snapshotter: String) throws -> [Containerd_Types_Mount] {
        let answer: Containerd_Services_Snapshots_V1_MountsResponse = try call(
            Self.snapshots("Mounts"),
            Containerd_Services_Snapshots_V1_MountsRequest.with { ($0.snapshotter, $0.key) = (snapshotter, key) })
        return answer.mounts
    }

    /// Makes a committed snapshot `name` of an active one. Throws `alreadyExists`.
    package func commitSnapshot(
        _ key: String, as name: String, labels: [String: String], of snapshotter: String, lease: String
    ) throws {
        try tell(
            Self.snapshots("Commit"),
            Containerd_Services_Snapshots_V1_CommitSnapshotRequest.with {
                ($0.snapshotter, $0.key, $0.name, $0.labels) = (snapshotter, key, name, labels)
            }, lease: lease)
    }

    /// Removes a snapshot. Throws `notFound`.
    package func removeSnapshot(_ key: String, of snapshotter: String) throws {
        try tell(
            Self.snapshots("Remove"),
            Containerd_Services_Snapshots_V1_RemoveSnapshotRequest.with {
                ($0.snapshotter, $0.key) = (snapshotter, key)
            })
    }

    /// Unpacks a layer of the content store into what is mounted, and returns the digest of the unpacked layer.
    package func apply(
        _ layer: Containerd_Types_Descriptor, to mounts: [Containerd_Types_Mount], lease: String
    ) throws -> String {
        let answer: Containerd_Services_Diff_V1_ApplyResponse = try call(
            .init("diff.v1.Diff", "Apply"),
            Containerd_Services_Diff_V1_ApplyRequest.with { ($0.diff, $0.mounts) = (layer, mounts) }, lease: lease,
            patience: .seconds(3600))
        return answer.applied.digest
    }
}
