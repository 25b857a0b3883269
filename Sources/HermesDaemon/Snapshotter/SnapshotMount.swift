/// One mount that shows a snapshot, as containerd makes it (containerd.types.Mount).
package struct SnapshotMount: Sendable, Equatable {
    /// The file system's type, or "bind".
    package var type: String
    /// The folder of a bind mount.
    package var source: String
    package var options: [String]
}

extension SnapshotMount {
    /// What shows a snapshot, by containerd's overlay snapshotter: a bind mount where one folder is all of it, an overlay
    /// otherwise, whose lower directories are `parents`, from the nearest to the farthest. `mapping` is what containerd has to map.
    static func mounts(
        _ chain: SnapshotChain, in folders: SnapshotFolders, parents: [String], mapping: OwnerMapping?
    ) -> [SnapshotMount] {
        let mapped = mapping?.options ?? []
        let own = folders.contents(chain.id)
        guard let nearest = parents.first else {
            return [.bind(own, mapped + [chain.kind == .active ? "rw" : "ro"])]
        }
        if chain.kind == .view, parents.count == 1 { return [.bind(nearest, mapped + ["ro"])] }
        let upper = chain.kind == .active ? ["workdir=\(folders.work(chain.id))", "upperdir=\(own)"] : []
        let lower = parents.joined(separator: ":")
        return [SnapshotMount(type: "overlay", source: "overlay", options: mapped + upper + ["lowerdir=\(lower)"])]
    }

    private static func bind(_ folder: String, _ options: [String]) -> SnapshotMount {
        SnapshotMount(type: "bind", source: folder, options: options + ["rbind"])
    }
}
