import Glibc

extension ImageTree {
    /// The regular file whose data hold byte `offset` of a layer, or nil where none does. It searches all inodes, so it
    /// is for messages and not for reads. `layer` is an index into the image's layers.
    func file(holding offset: Int64, ofLayer layer: Int) -> UInt64? {
        let index = (0..<inodeCount).first { index in
            let inode = inodes[index]
            guard inode.mode & S_IFMT == S_IFREG, Int(inode.layer) == layer else { return false }
            guard inode.isSparse else { return Self.range(inode.data, inode.size).contains(offset) }
            return (0..<Int(inode.extentCount)).contains {
                let extent = extents[Int(inode.data) + $0]
                return Self.range(extent.data, extent.length).contains(offset)
            }
        }
        return index.map { UInt64($0) + 1 }
    }

    private static func range(_ start: Int64, _ length: Int64) -> Range<Int64> {
        // Data lie inside their layers (checkData), so this sum does not overflow.
        start..<start + length
    }
}
