import Glibc

/// One inode as it lies in the compiled file: 64 bytes.
struct InodeRecord {
    /// Regular file: the first byte of its data in the uncompressed layer. Sparse file: its first extent. Directory: its
    /// first entry. Symbolic link: where its target lies in the strings. Device: its number, as makedev(3) makes it.
    var data: Int64 = 0
    /// Regular file and symbolic link: bytes. Directory: entries.
    var size: Int64 = 0
    var modifiedSeconds: Int64 = 0
    var modifiedNanoseconds: UInt32 = 0
    /// Type and permissions, as in stat(2).
    var mode: UInt32 = 0
    var owner: UInt32 = 0
    var group: UInt32 = 0
    var linkCount: UInt32 = 1
    /// The inode number of the directory that it lies in, or one of them; the root's own for the root. 0 for files of trees that an
    /// older build compiled.
    var parent: UInt32 = 0
    /// 0 without attributes, else 1 more than the place in the xattrs where its attributes start.
    var xattrs: UInt32 = 0
    /// Sparse file: its number of extents.
    var extentCount: UInt32 = 0
    /// Regular file: which of the image's layers holds its data, from the bottom.
    var layer: UInt16 = 0
    private var flags: UInt16 = 0
    /// 1 more than the place of its entry in `parent`; 0 for the root, and in trees that an older build compiled.
    var entry: UInt32 = 0

    /// Whether the file's data is described by extents.
    var isSparse: Bool {
        get { flags & 1 != 0 }
        set { flags = newValue ? flags | 1 : flags & ~1 }
    }
}

/// One directory entry as it lies in the compiled file: 12 bytes.
struct EntryRecord {
    /// Where the name starts in the strings.
    let name: UInt32
    let inode: UInt32
    let nameLength: UInt16
    /// The type bits of the inode's mode, shifted down: DT_REG and so on (dirent(3)).
    let type: UInt16
}

/// One run of data of a sparse file: 24 bytes. The bytes between the runs are zero.
struct ExtentRecord {
    /// The run's first byte in the file.
    let offset: Int64
    let length: Int64
    /// The run's first byte in the uncompressed layer.
    let data: Int64
}
