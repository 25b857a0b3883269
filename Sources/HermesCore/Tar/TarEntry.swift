import HermesSupport

/// One file of a tar archive, as its headers describe it (POSIX.1-2017 pax, GNU tar manual "Basic Tar Format").
///
/// Names are raw bytes: tar says nothing about their encoding.
package struct TarEntry: Sendable, Equatable {
    /// The kind of file that an entry is.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// A file with data; sparse and contiguous files as well.
        case regular
        /// Another name for an earlier entry, which `linkName` names.
        case hardLink
        /// A symbolic link to `linkName`.
        case symbolicLink
        /// A directory.
        case directory
        /// A character device.
        case characterDevice
        /// A block device.
        case blockDevice
        /// A named pipe.
        case fifo
    }

    /// The name as stored: not cleaned, a trailing "/" kept.
    package var name: [UInt8]
    /// The target of a hard or symbolic link; empty for other kinds.
    package var linkName: [UInt8]
    /// The kind of file.
    package var kind: Kind
    /// The permission bits with set-user-ID, set-group-ID and sticky, as stored.
    package var mode: Int64
    /// The owner's number.
    package var uid: UInt32
    /// The group's number.
    package var gid: UInt32
    /// The owner's name.
    package var uname: [UInt8]
    /// The group's name.
    package var gname: [UInt8]
    /// When the content was last changed.
    package var modificationTime: Timestamp
    /// The major number of a device.
    package var deviceMajor: Int64
    /// The minor number of a device.
    package var deviceMinor: Int64
    /// Every PAX record of the entry, sorted by key, each key once; for sparse files also those of `SparseMap`.
    package var paxRecords: [PAXRecord]
    /// Where the stored data begin, in bytes from the start of the archive; a multiple of 512.
    package var dataOffset: Int64
    /// How many bytes of data are stored: for a sparse file less than the file has; 0 unless `kind` is regular.
    package var size: Int64

    /// Makes an entry.
    package init(
        name: [UInt8], linkName: [UInt8] = [], kind: Kind, mode: Int64 = 0, uid: UInt32 = 0, gid: UInt32 = 0,
        uname: [UInt8] = [], gname: [UInt8] = [], modificationTime: Timestamp = Timestamp(seconds: 0),
        deviceMajor: Int64 = 0, deviceMinor: Int64 = 0, paxRecords: [PAXRecord] = [], dataOffset: Int64,
        size: Int64
    ) {
        self.name = name
        self.linkName = linkName
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.uname = uname
        self.gname = gname
        self.modificationTime = modificationTime
        self.deviceMajor = deviceMajor
        self.deviceMinor = deviceMinor
        self.paxRecords = paxRecords
        self.dataOffset = dataOffset
        self.size = size
    }
}
