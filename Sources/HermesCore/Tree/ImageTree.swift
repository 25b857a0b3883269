import CLinux
import Glibc
import HermesSupport

/// The merged file tree of an image, mapped from a compiled file: fixed-size inode records, directory entries sorted by
/// name, strings, extended attributes.
///
/// It is compiled from the zTOCs of the image's layers once per node (`ImageTree+Compile.swift`), whiteouts and opaque
/// directories resolved. Nothing is parsed on a read, memory is what the kernel keeps mapped, and inode numbers mean the
/// same in every process that maps the file.
///
/// The file, all integers little-endian, every section 64-byte aligned:
/// | section | what |
/// |---|---|
/// | header | 128 bytes: magic "HERMTRE1", then u64: file size, inode count, directory entry count, offset of the directory entries, offset and size of the strings, offset and size of the xattrs, offset of the extents, extent count, sum of the file sizes, layer count, XXH64 of the file with zeros in this place, number of dangling links |
/// | inodes | one `InodeRecord` per inode; inode number n is record n - 1, and 1 is the root |
/// | directory entries | one `EntryRecord` each, those of a directory together, sorted by their bytes; at the end, in no directory, one for each dangling link, with its folder's inode number |
/// | strings | names and link targets, each with a NUL behind it |
/// | xattrs | per inode that has any: u32 count, then per attribute u32 name length, u32 value length, name, NUL, value |
/// | extents | one `ExtentRecord` per data run of a sparse file |
///
/// A page that the disk does not give reads as zeros, in which every count, place and length is inside the file as well; who has read
/// records looks at `isBroken` before it uses them.
///
/// Immutable and safe for use from any thread.
package final class ImageTree: @unchecked Sendable {
    static let magic: UInt64 = 0x3145_5254_4d52_4548  // "HERMTRE1"
    static let headerSize = 128
    /// Where the file holds its checksum.
    static let checksumPlace = 104
    /// Where the file holds the number of hard links without a target.
    static let danglingPlace = 112
    /// The most layers that inodes can refer to: their number has 16 bits.
    static let layerLimit = Int(UInt16.max)

    private let file: MappedFile
    let inodes: UnsafePointer<InodeRecord>
    let entries: UnsafePointer<EntryRecord>
    let strings: UnsafePointer<CChar>
    let xattrs: UnsafeRawBufferPointer
    let extents: UnsafePointer<ExtentRecord>
    /// The number of inodes; inode numbers are 1...inodeCount.
    package let inodeCount: Int
    /// The number of directory entries.
    package let entryCount: Int
    /// The number of hard links without a target, which no folder shows. Their entries are the last ones.
    package let danglingCount: Int
    /// The sum of the sizes of the regular files in bytes, hard links counted once.
    package let contentSize: Int64
    /// The number of layers that the inodes refer to.
    package let layerCount: Int

    /// Whether any inode has extended attributes.
    package var hasXattrs: Bool { !xattrs.isEmpty }

    /// Maps the compiled tree at `path` and checks every record of it, so that no later access can leave the mapping.
    ///
    /// Throws `corrupt` for a file that this version did not write, and the file error if there is none.
    package init(_ path: String) throws {
        file = try MappedFile(try OpenFile(path, O_RDONLY | O_NOFOLLOW), isMended: true)
        let damaged = HermesError(.corrupt, "\(path) is not a compiled image tree", advice: "remove it")
        let bytes = file.readOnly
        guard bytes.count >= Self.headerSize, let base = bytes.baseAddress else { throw damaged }
        // A first walk touches the whole file, in an order that the disk would have to follow page by page.
        madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, MADV_WILLNEED)
        let header = bytes.assumingMemoryBound(to: UInt64.self)
        // Every other count and offset is at most the file's size, so the sums and products below cannot overflow. An
        // image of few files can have more layers than its tree has bytes.
        guard header[0] == Self.magic, header[1] == UInt64(bytes.count),
            (2..<11).allSatisfy({ header[$0] <= UInt64(bytes.count) }), header[12] <= UInt64(Self.layerLimit),
            header[14] <= header[3]
        else { throw damaged }
        let numbers = (0..<13).map { Int(truncatingIfNeeded: header[$0]) }
        inodeCount = numbers[2]
        entryCount = numbers[3]
        danglingCount = Int(truncatingIfNeeded: header[14])
        contentSize = Int64(truncatingIfNeeded: header[11])
        layerCount = numbers[12]
        func section(_ offset: Int, _ count: Int, _ stride: Int) throws -> UnsafeRawBufferPointer {
            guard offset % 64 == 0, count * stride <= bytes.count - offset else { throw damaged }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count * stride])
        }
        let inodeBytes = try section(Self.headerSize, numbers[2], 64)
        let entryBytes = try section(numbers[4], numbers[3], 12)
        let stringBytes = try section(numbers[5], numbers[6], 1)
        xattrs = try section(numbers[7], numbers[8], 1)
        let extentBytes = try section(numbers[9], numbers[10], 24)
        // An image without files has no strings.
        guard inodeCount > 0, stringBytes.isEmpty || stringBytes.last == 0 else { throw damaged }
        // The sections were checked to be inside the mapping and aligned.
        inodes = (base + Self.headerSize).bindMemory(to: InodeRecord.self, capacity: numbers[2])
        entries = UnsafePointer((base + numbers[4]).bindMemory(to: EntryRecord.self, capacity: numbers[3]))
        strings = (base + numbers[5]).bindMemory(to: CChar.self, capacity: numbers[6])
        extents = (base + numbers[9]).bindMemory(to: ExtentRecord.self, capacity: numbers[10])
        _ = (inodeBytes, entryBytes, extentBytes)
        let isSound = recordsAreSound(stringSize: numbers[6], extentCount: numbers[10])
        try file.checkRead()
        guard isSound else { throw damaged }
    }

    /// The XXH64 of the file, as it was written. Inode numbers mean the same in trees that have the same.
    package var checksum: UInt64 { file.readOnly.load(fromByteOffset: Self.checksumPlace, as: UInt64.self) }

    /// Whether the file's bytes are those that were written. Reads all of it.
    var isIntact: Bool { checksum == XXH64.ofFile(file.readOnly, without: Self.checksumPlace) && !isBroken }

    /// Whether the disk did not give a part that was read before this call.
    @inline(__always)
    var isBroken: Bool { hermes_pages_are_broken() != 0 && file.isBroken }

    private func recordsAreSound(stringSize: Int, extentCount: Int) -> Bool {
        for index in 0..<inodeCount {
            let inode = inodes[index]
            guard inode.size >= 0, inode.xattrs <= xattrs.count, Int(inode.parent) <= inodeCount,
                Int(inode.entry) <= entryCount
            else {
                return false
            }
            let isSound =
                switch inode.mode & S_IFMT {
                case S_IFDIR:
                    inode.data >= 0 && inode.data <= entryCount && inode.size <= entryCount - Int(inode.data)
                        && inode.parent > 0
                case S_IFLNK:
                    inode.data >= 0 && inode.data < stringSize && inode.size < stringSize - Int(inode.data)
                case S_IFREG where inode.isSparse:
                    inode.data >= 0 && inode.data <= extentCount
                        && Int(inode.extentCount) <= extentCount - Int(inode.data)
                        && inode.layer < layerCount
                case S_IFREG:
                    inode.layer < layerCount
                case S_IFCHR, S_IFBLK: inode.data >= 0
                default: true
                }
            guard isSound else { return false }
        }
        for index in 0..<entryCount {
            let entry = entries[index]
            guard entry.inode > 0, entry.inode <= inodeCount,
                Int(entry.name) + Int(entry.nameLength) < stringSize
            else { return false }
        }
        return inodes[0].mode & S_IFMT == S_IFDIR
    }

    /// Checks that all file data lie inside their layers, whose uncompressed sizes are given. Throws `corrupt`.
    func checkData(against sizes: [Int64]) throws {
        func isInside(_ data: Int64, _ length: Int64, _ layer: UInt16) -> Bool {
            length >= 0 && data >= 0 && length <= sizes[Int(layer)] && data <= sizes[Int(layer)] - length
        }
        for index in 0..<inodeCount where inodes[index].mode & S_IFMT == S_IFREG {
            let inode = inodes[index]
            let isSound =
                inode.isSparse
                ? runsAreSound(inode) { isInside($0.data, $0.length, inode.layer) }
                : isInside(inode.data, inode.size, inode.layer)
            guard isSound else {
                throw HermesError(.corrupt, "\(file.path) has a file outside its layer", advice: "remove it")
            }
        }
    }

    /// Whether a sparse file's runs are in order, apart and inside the file.
    private func runsAreSound(_ inode: InodeRecord, isInside: (ExtentRecord) -> Bool) -> Bool {
        var end: Int64 = 0
        for index in 0..<Int(inode.extentCount) {
            let run = extents[Int(inode.data) + index]
            guard isInside(run), run.offset >= end, run.offset <= inode.size, run.length <= inode.size - run.offset
            else { return false }
            end = run.offset + run.length
        }
        return true
    }

    /// The record of an inode number, or nil for one that does not exist.
    @inline(__always)
    func inode(_ number: UInt64) -> UnsafePointer<InodeRecord>? {
        guard number >= 1, number <= UInt64(inodeCount) else { return nil }
        return inodes + Int(number - 1)
    }

    /// The inode number of `name` in a directory; nil where there is none.
    func lookUp(_ name: UnsafeRawBufferPointer, in directory: UnsafePointer<InodeRecord>) -> UInt64? {
        guard let bytes = name.baseAddress else { return nil }
        let first = Int(directory.pointee.data)
        var low = first
        var high = first + Int(directory.pointee.size)
        while low < high {
            let middle = (low + high) / 2
            let entry = entries + middle
            let length = Int(entry.pointee.nameLength)
            // Names lie inside the strings (checked when the tree was mapped).
            let order = memcmp(strings + Int(entry.pointee.name), bytes, min(length, name.count))
            if order == 0, length == name.count { return UInt64(entry.pointee.inode) }
            if order < 0 || (order == 0 && length < name.count) { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}
