import HermesSupport

extension ZTOCView {
    /// One file of the layer, read in place: valid as long as the bytes of its zTOC.
    package struct Entry {
        private let records: FlatBufferTable.List

        /// The name as the archive has it: not cleaned.
        package let name: UnsafeRawBufferPointer
        /// The target of a hard or symbolic link; empty for other kinds.
        package let linkName: UnsafeRawBufferPointer
        /// The kind of file.
        package let kind: TarEntry.Kind
        /// Where the stored data begin in the uncompressed archive, in bytes; as stored.
        package let dataOffset: Int64
        /// The size of the stored data in bytes, as stored; 0 unless `kind` is regular, as in `TarEntry`, though some builders
        /// repeat there what the header of a link says.
        package let size: Int64
        /// The permission bits with set-user-ID, set-group-ID and sticky.
        package let mode: Int64
        /// The owner's number.
        package let uid: UInt32
        /// The group's number.
        package let gid: UInt32
        /// The owner's name.
        package let uname: UnsafeRawBufferPointer
        /// The group's name.
        package let gname: UnsafeRawBufferPointer
        /// When the content was last changed; the epoch where the zTOC has no time.
        package let modificationTime: Timestamp
        /// The major number of a device.
        package let deviceMajor: Int64
        /// The minor number of a device.
        package let deviceMinor: Int64

        init(_ table: FlatBufferTable) throws {
            typealias Slot = ZTOC.Slot.File
            (name, linkName, kind) = try Self.names(table)
            dataOffset = try table.scalar(Slot.offset)
            let size: Int64 = try table.scalar(Slot.size)
            self.size = kind == .regular ? size : 0
            mode = try table.scalar(Slot.mode)
            uid = try table.scalar(Slot.uid)
            gid = try table.scalar(Slot.gid)
            uname = try table.text(Slot.uname)
            gname = try table.text(Slot.gname)
            let time = try table.text(Slot.modificationTime)
            // Builders have no text for years that RFC 3339 cannot write, and leave it empty.
            guard let modificationTime = time.isEmpty ? Timestamp(seconds: 0) : RFC3339.parse(time) else {
                throw HermesError(.corrupt, "the zTOC has an entry whose time is not RFC 3339")
            }
            self.modificationTime = modificationTime
            deviceMajor = try table.scalar(Slot.deviceMajor)
            deviceMinor = try table.scalar(Slot.deviceMinor)
            records = try table.list(Slot.records)
        }

        /// What an entry's place in a tree depends on, which is read more often than the rest.
        static func names(_ table: FlatBufferTable) throws -> (
            name: UnsafeRawBufferPointer, linkName: UnsafeRawBufferPointer, kind: TarEntry.Kind
        ) {
            typealias Slot = ZTOC.Slot.File
            guard let kind = TarEntry.Kind(ztocName: try table.text(Slot.type)) else {
                throw HermesError(.corrupt, "the zTOC has an entry of unknown type")
            }
            return (try table.text(Slot.name), try table.text(Slot.linkName), kind)
        }

        /// The number of PAX records.
        package var recordCount: Int { records.count }

        /// The key and value of PAX record `index`. Throws `corrupt` if the record is missing or damaged.
        package func record(_ index: Int) throws -> (
            key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
        ) {
            guard index >= 0, index < records.count else {
                throw HermesError(.corrupt, "an entry of the zTOC has no PAX record \(index)")
            }
            let table = try records.table(index)
            return (try table.text(ZTOC.Slot.Record.key), try table.text(ZTOC.Slot.Record.value))
        }
    }
}

extension TarEntry {
    /// A copy of an entry of a zTOC. Throws `corrupt` if its PAX records are damaged.
    package init(_ entry: ZTOCView.Entry) throws {
        var records: [PAXRecord] = []
        for index in 0..<entry.recordCount {
            let record = try entry.record(index)
            records.append(PAXRecord(key: Array(record.key), value: Array(record.value)))
        }
        self.init(
            name: Array(entry.name), linkName: Array(entry.linkName), kind: entry.kind, mode: entry.mode,
            uid: entry.uid, gid: entry.gid, uname: Array(entry.uname), gname: Array(entry.gname),
            modificationTime: entry.modificationTime, deviceMajor: entry.deviceMajor,
            deviceMinor: entry.deviceMinor, paxRecords: records, dataOffset: entry.dataOffset,
            size: entry.size)
    }
}
