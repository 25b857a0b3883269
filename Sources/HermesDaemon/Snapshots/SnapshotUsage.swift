/// What a snapshot takes on the disk, its parents not counted.
package struct SnapshotUsage: Sendable, Equatable {
    /// Bytes.
    package var size: Int64
    /// Inodes.
    package var inodes: Int64

    package init(size: Int64 = 0, inodes: Int64 = 0) {
        self.size = size
        self.inodes = inodes
    }
}
