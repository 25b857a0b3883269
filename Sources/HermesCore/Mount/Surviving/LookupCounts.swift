import Glibc
import HermesSupport
import Synchronization

/// How many references the kernel has to inodes of each slot's image.
///
/// A reference is counted before the kernel gets it, and taken off after the kernel gave it back. So a process that is killed has
/// counted too many at worst, and never too few. A slot with too high a count stays reserved until the mount ends, which does no
/// harm; one with too low a count could show another image to a program that has files of this one open.
///
/// Of a mount that survives, the counts are a file that is mapped:
///
/// | offset | what |
/// |---|---|
/// | 0 | magic "HERMLKP1" |
/// | 8, 16 | the mount's number and device (`MountID`) |
/// | 24, 32 | the boot ID |
/// | 64 | a 64-bit count for each of `ImageSlots.capacity` slots |
///
/// All integers have the machine's byte order. Safe for use from any thread.
final class LookupCounts: @unchecked Sendable {
    static let magic: UInt64 = 0x3150_4b4c_4d52_4548  // "HERMLKP1"
    static let headerSize = 64
    static let size = headerSize + 8 * ImageSlots.capacity

    /// The file; nil for memory of this process.
    private let mapping: MappedFile?
    private let path: String?
    private let memory: UnsafeMutableRawPointer
    private let counts: UnsafeMutablePointer<Atomic<Int>>

    /// Counts that end with this object, all zero.
    init() {
        (mapping, path) = (nil, nil)
        memory = .allocate(byteCount: Self.size, alignment: 64)
        // Zeros are what an Atomic of zero is.
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
        counts = (memory + Self.headerSize).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Makes the file at `path` for a mount, with zeros, in place of one that is there. Throws the file error.
    init(making path: String, mount: MountID, boot: BootID) throws {
        // Not overwritten: a process that is about to end may have it mapped.
        unlink(path)
        self.path = path
        let file = try OpenFile(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        // The kernel kills a process that writes to a mapped hole where there is no room, so the file must have no hole.
        let failure = posix_fallocate(file.descriptor, 0, off_t(Self.size))
        guard failure == 0 else { throw HermesError.file("create", path, SystemError(failure)) }
        (mapping, memory) = try Self.map(file)
        counts = (memory + Self.headerSize).assumingMemoryBound(to: Atomic<Int>.self)
        let words = memory.assumingMemoryBound(to: UInt64.self)
        (words[1], words[2], words[3], words[4]) = (mount.number, mount.device, boot.first, boot.second)
        words[0] = Self.magic
    }

    /// Maps the file at `path`, which a process before this one has made for the same mount. Throws `corrupt` for any other
    /// file, and the file error.
    init(opening path: String, mount: MountID, boot: BootID) throws {
        self.path = path
        let file = try OpenFile(path, O_RDWR | O_NOFOLLOW)
        var status = stat()
        // Blocks that are there cannot be taken away by a disk that fills.
        guard fstat(file.descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size == Self.size, status.st_blocks * 512 >= Self.size
        else { throw HermesError(.corrupt, "\(path) does not have the size of the counts of a mount") }
        (mapping, memory) = try Self.map(file)
        counts = (memory + Self.headerSize).assumingMemoryBound(to: Atomic<Int>.self)
        let words = memory.assumingMemoryBound(to: UInt64.self)
        guard words[0] == Self.magic, words[1] == mount.number, words[2] == mount.device, words[3] == boot.first,
            words[4] == boot.second
        else { throw HermesError(.corrupt, "\(path) does not have the counts of this mount") }
    }

    private static func map(_ file: OpenFile) throws -> (MappedFile, UnsafeMutableRawPointer) {
        // Not mended: counts of zero would let a slot that is in use show another image.
        let mapping = try MappedFile(file, writable: true)
        guard let base = mapping.bytes.baseAddress, mapping.bytes.count == size else {
            throw HermesError(.corrupt, "\(file.path) does not have the size of the counts of a mount")
        }
        return (mapping, base)
    }

    /// Removes the file of a mount that has ended.
    func removeFile() { if let path { unlink(path) } }

    deinit { if mapping == nil { memory.deallocate() } }

    /// Counts references to a slot's inodes that the kernel is about to be given. `slot` is in 0..<`ImageSlots.capacity`.
    @inline(__always)
    func lookedUp(_ slot: Int, _ count: Int) { counts[slot].wrappingAdd(count, ordering: .relaxed) }

    /// The kernel has given references back, or did not take them.
    @inline(__always)
    func forgotten(_ slot: Int, _ count: Int) {
        counts[slot].wrappingSubtract(count, ordering: .acquiringAndReleasing)
    }

    /// Whether the kernel has a reference to an inode of a slot.
    func isKnown(_ slot: Int) -> Bool { counts[slot].load(ordering: .acquiring) != 0 }
}
