import HermesSupport

extension SnapshotStore {
    /// Changes the labels of the snapshot `info.name`, and the time of its last update; nothing else of it can be changed.
    ///
    /// Without `paths`, or for the path "labels", the labels become those of `info`; for "labels.KEY" that one label does,
    /// and is removed where `info` lacks it. KEY is all that follows the first dot. Paths are taken in their order. Throws
    /// `notFound`, and `invalidArgument` for another path or a label that cannot be; nothing is changed then.
    package func update(_ info: SnapshotInfo, paths: [String] = []) throws -> SnapshotInfo {
        try transaction(.write) { [now] connection in
            let id = try connection.existingSnapshot(info.name).id
            try SnapshotLimits.check(labels: info.labels)
            for path in paths.isEmpty ? ["labels"] : paths {
                if path == "labels" {
                    try connection.setLabels(info.labels, of: id)
                } else if path.hasPrefix("labels."), path.utf8.count > 7 {
                    let key = String(path.dropFirst(7))
                    try connection.setLabel(key, info.labels[key] ?? "", of: id)
                } else {
                    throw SnapshotError(
                        .invalidArgument,
                        "the field \(path.quoted) of the snapshot \(info.name.quoted) cannot be changed")
                }
            }
            try connection.run(
                "UPDATE snapshots SET updated = ? WHERE id = ?", .integer(now().nanosecondsSinceEpoch), .integer(id))
            let updated = try connection.snapshotRecord(info.name).info
            // What was there and what was added may be too much together.
            try SnapshotLimits.check(labels: updated.labels)
            return updated
        }
    }
}
