import Glibc
import HermesSupport

/// Collects the sections of a compiled image tree and writes the file (its layout: `ImageTree`).
struct TreeWriter {
    var inodes: ContiguousArray<InodeRecord> = []
    var entries: ContiguousArray<EntryRecord> = []
    /// How many of the entries, the last ones, are hard links without a target.
    var danglingCount = 0
    var extents: ContiguousArray<ExtentRecord> = []
    private var strings: ContiguousArray<UInt8> = []
    private var xattrs: ContiguousArray<UInt8> = []

    /// Adds a string and returns where it starts. Throws `unsupported` past 4 GiB of names.
    mutating func add(_ string: UnsafeRawBufferPointer) throws -> UInt32 {
        guard let offset = UInt32(exactly: strings.count) else {
            throw HermesError(.unsupported, "the image's file names need more than 4 GiB")
        }
        strings.append(contentsOf: string)
        strings.append(0)
        return offset
    }

    /// Adds an inode's attributes. Returns the value of the tree's `InodeRecord.xattrs`; 0 without attributes.
    mutating func add(xattrs pairs: [(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)]) throws
        -> UInt32
    {
        guard !pairs.isEmpty else { return 0 }
        guard let reference = UInt32(exactly: xattrs.count + 1) else {
            throw HermesError(.unsupported, "the image's extended attributes need more than 4 GiB")
        }
        func append(_ number: Int) {
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian) {
                xattrs.append(contentsOf: $0)
            }
        }
        append(pairs.count)
        for (name, value) in pairs {
            append(name.count)
            append(value.count)
            xattrs.append(contentsOf: name)
            xattrs.append(0)
            xattrs.append(contentsOf: value)
        }
        return reference
    }

    /// Writes the file `name` in `folder`; it appears whole or not at all.
    func write(to folder: String, _ name: String, contentSize: Int64, layerCount: Int) throws {
        func aligned(_ size: Int) -> Int { (size + 63) & ~63 }
        let entriesAt = ImageTree.headerSize + aligned(inodes.count * 64)
        let stringsAt = entriesAt + aligned(entries.count * 12)
        let xattrsAt = stringsAt + aligned(strings.count)
        let extentsAt = xattrsAt + aligned(xattrs.count)
        let size = extentsAt + aligned(extents.count * 24)
        var header = [UInt64](repeating: 0, count: ImageTree.headerSize / 8)
        header.replaceSubrange(
            0..<13,
            with: [
                ImageTree.magic, UInt64(size), UInt64(inodes.count), UInt64(entries.count), UInt64(entriesAt),
                UInt64(stringsAt), UInt64(strings.count), UInt64(xattrsAt), UInt64(xattrs.count),
                UInt64(extentsAt),
                UInt64(extents.count), UInt64(bitPattern: contentSize), UInt64(layerCount),
            ])
        header[ImageTree.danglingPlace / 8] = UInt64(danglingCount)
        func each(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
            func padded(_ bytes: UnsafeRawBufferPointer) throws {
                try body(bytes)
                let padding = [UInt8](repeating: 0, count: aligned(bytes.count) - bytes.count)
                try padding.withUnsafeBytes(body)
            }
            try header.withUnsafeBytes(body)
            try inodes.withUnsafeBytes(padded)
            try entries.withUnsafeBytes(padded)
            try strings.withUnsafeBytes(padded)
            try xattrs.withUnsafeBytes(padded)
            try extents.withUnsafeBytes(padded)
        }
        var sum = XXH64()
        try each { sum.update($0) }
        header[ImageTree.checksumPlace / 8] = sum.finish()
        let file = try AtomicFile(in: folder)
        try each(file.write)
        try file.commit(to: "\(folder)/\(name)")
    }
}
