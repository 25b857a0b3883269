import CLinux
import Glibc
import HermesSupport

extension TreeMerger {
    /// Sets the values that every kind of inode has: owner, times, extended attributes.
    mutating func setCommon(_ record: inout InodeRecord, _ entry: ZTOCView.Entry) throws {
        setOwner(&record, entry)
        // A tar keeps extended attributes as PAX records with this prefix, as star does (and containerd reads them).
        let prefix: StaticString = "SCHILY.xattr."
        var pairs: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []
        for index in 0..<entry.recordCount {
            let (key, value) = try entry.record(index)
            guard key.count > prefix.utf8CodeUnitCount, key.count <= prefix.utf8CodeUnitCount + 255,
                value.count <= 64 << 10, prefix.withUTF8Buffer({ key.starts(with: $0) })
            else { continue }
            pairs.append((UnsafeRawBufferPointer(rebasing: key[prefix.utf8CodeUnitCount...]), value))
        }
        if !pairs.isEmpty { record.xattrs = try writer.add(xattrs: pairs) }
    }

    /// Sets the values that a header gives for any inode: permissions, owner, time. The kind stays, and so do the
    /// permissions of a symbolic link, which Linux does not have.
    func setOwner(_ record: inout InodeRecord, _ entry: ZTOCView.Entry) {
        if record.mode & S_IFMT != S_IFLNK {
            record.mode = record.mode & S_IFMT | UInt32(truncatingIfNeeded: entry.mode & 0o7777)
        }
        record.owner = entry.uid
        record.group = entry.gid
        record.modifiedSeconds = entry.modificationTime.seconds
        record.modifiedNanoseconds = UInt32(clamping: entry.modificationTime.nanoseconds)
    }

    /// The record of a file that is not a directory; nil for a character device 0/0, overlayfs's whiteout.
    ///
    /// Throws `corrupt` when the file's data lies outside its layer.
    mutating func fileRecord(_ layer: Int, _ entry: ZTOCView.Entry) throws -> InodeRecord? {
        var record = InodeRecord()
        try setCommon(&record, entry)
        record.layer = UInt16(layer)
        switch entry.kind {
        case .regular:
            record.mode |= S_IFREG
            if let sparse = try entry.sparse() {
                try setSparse(&record, sparse, entry, layer)
            } else {
                try setData(&record, entry, layer)
            }
            // Sparse files may claim any size.
            let (sum, overflow) = contentSize.addingReportingOverflow(record.size)
            contentSize = overflow ? Int64.max : sum
        case .symbolicLink:
            record.mode = S_IFLNK | 0o777
            // The kernel takes targets of less than a page.
            guard entry.linkName.count < 4096 else { return nil }
            record.size = Int64(entry.linkName.count)
            record.data = Int64(try writer.add(entry.linkName))
        case .characterDevice, .blockDevice:
            record.mode |= entry.kind == .characterDevice ? S_IFCHR : S_IFBLK
            guard let major = UInt32(exactly: entry.deviceMajor),
                let minor = UInt32(exactly: entry.deviceMinor)
            else {
                throw HermesError(.corrupt, "the device \(Self.text(entry.name)) has an impossible number")
            }
            guard entry.kind == .blockDevice || major > 0 || minor > 0 else { return nil }
            record.data = Int64(truncatingIfNeeded: hermes_makedev(major, minor))
        case .fifo: record.mode |= S_IFIFO
        case .directory, .hardLink: return nil
        }
        return record
    }

    private func setData(_ record: inout InodeRecord, _ entry: ZTOCView.Entry, _ layer: Int) throws {
        guard entry.size >= 0, entry.dataOffset >= 0, entry.size <= sizes[layer],
            entry.dataOffset <= sizes[layer] - entry.size
        else {
            throw HermesError(
                .corrupt, "the index places the file \(Self.text(entry.name)) outside layer \(layer + 1)")
        }
        record.data = entry.dataOffset
        record.size = entry.size
    }

    private mutating func setSparse(
        _ record: inout InodeRecord, _ sparse: ZTOCView.Entry.Sparse, _ entry: ZTOCView.Entry, _ layer: Int
    ) throws {
        // All that is stored must lie inside the layer; the map was checked against it.
        try setData(&record, entry, layer)
        record.isSparse = true
        record.size = sparse.fileSize
        record.data = Int64(writer.extents.count)
        let stretches = sparse.stretches.filter { $0.length > 0 }
        record.extentCount = UInt32(stretches.count)
        for stretch in stretches {
            writer.extents.append(
                ExtentRecord(offset: stretch.offset, length: stretch.length, data: stretch.archiveOffset))
        }
    }

    private static func text(_ name: UnsafeRawBufferPointer) -> String {
        String(decoding: name.prefix(200), as: UTF8.self).debugDescription
    }
}
