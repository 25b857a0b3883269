import Glibc
import HermesSupport
import Synchronization

/// Which spans of a layer are in its cache: the file `present`, which every process that uses the layer maps.
///
/// All integers have the machine's byte order:
/// | offset | what |
/// |---|---|
/// | 0 | header, 128 bytes: magic "HERMPRS2", u64 span count, 16 bytes boot ID, 32 bytes diff ID, u64 outcome of the comparison with it (`LayerCheck`), zeros |
/// | 128 | present: one bit per span, in 64-bit words, least significant first |
/// | behind | durable: the same for the spans that outlive a power loss |
///
/// A span's present bit is set after its bytes were written, and read before them, so that presence is never ahead of the
/// data. Both live in the page cache, which outlives a killed process but not a power loss: under another boot ID than
/// the one in the header, the durable bits are all that is trusted, and become the present ones. A durable bit is set
/// after the data was synced (`SpanStore.makeDurable`), so whatever part of the file had reached the disk when the power
/// went, no durable bit on it speaks of data that had not.
///
/// Safe for use from any thread: all words are atomic.
final class PresenceFile: @unchecked Sendable {
    static let magic: UInt64 = 0x3253_5250_4d52_4548  // "HERMPRS2"
    static let headerSize = 128

    /// It holds no descriptor: a node has thousands of open layers.
    private let mapping: MappedFile
    private let header: UnsafeMutablePointer<Atomic<UInt64>>
    /// The bitmaps; valid as long as this object is.
    let present: UnsafeMutablePointer<Atomic<UInt64>>
    let durable: UnsafeMutablePointer<Atomic<UInt64>>
    let wordCount: Int

    /// Opens or makes the file in `folder` for a layer of `count` spans, whose `data` are `size` bytes when they are whole
    /// and are brought to that length.
    init(folder: String, count: Int, data: OpenFile, size: Int64) throws {
        let file = try OpenFile(folder + "/present", O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        // The lock keeps a second process from reading a header that the first is still writing; closing ends it.
        guard flock(file.descriptor, LOCK_EX) == 0 else { throw HermesError.file("lock", file.path, .last) }
        defer { flock(file.descriptor, LOCK_UN) }
        wordCount = (count + 63) / 64
        let length = Int64(Self.headerSize + 16 * wordCount)
        let isNew = try file.size() != length
        if isNew, ftruncate(file.descriptor, 0) != 0 { throw HermesError.file("create", file.path, .last) }
        // The kernel kills a process that writes to a mapped hole when the disk is full, so the file must have no hole.
        let failure = posix_fallocate(file.descriptor, 0, off_t(length))
        guard failure == 0 else { throw HermesError.file("create", file.path, SystemError(failure)) }
        // A page that the disk does not give reads as zeros: its spans are absent, and are fetched again.
        mapping = try MappedFile(file, writable: true, isMended: true)
        guard let base = mapping.bytes.baseAddress else {
            throw HermesError(.corrupt, "\(file.path) is empty", advice: "remove it")
        }
        // The file has exactly `length` bytes, and a mapping starts on a page: every word is inside and aligned.
        header = base.bindMemory(to: Atomic<UInt64>.self, capacity: Self.headerSize / 8)
        present = (base + Self.headerSize).bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
        durable = (base + Self.headerSize + 8 * wordCount).bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)

        // Data that are new, or were cut off, are holes: nothing of them is present.
        let isCut = try data.size() < size
        if isCut || self[0] != Self.magic || self[1] != UInt64(count) {
            self[0] = 0
            clear()
            // The cleared bits are synced before the data get their length again: no bit may claim lost data.
            if !isNew { try synchronize() }
            guard !isCut || ftruncate(data.descriptor, off_t(size)) == 0 else {
                throw HermesError.file("create", data.path, .last)
            }
            self[1] = UInt64(count)
            adoptBoot()
            self[0] = Self.magic
        } else if !isOfThisBoot {
            for word in 0..<wordCount {
                present[word].store(durable[word].load(ordering: .relaxed), ordering: .relaxed)
            }
            adoptBoot()
        }
    }

    private subscript(word: Int) -> UInt64 {
        get { header[word].load(ordering: .acquiring) }
        set { header[word].store(newValue, ordering: .releasing) }
    }

    /// Forgets every span and the comparison with the diff ID; the durable bits first.
    func clear() {
        for word in 4..<9 { self[word] = 0 }
        for word in 0..<wordCount { durable[word].store(0, ordering: .relaxed) }
        for word in 0..<wordCount { present[word].store(0, ordering: .releasing) }
    }

    /// Writes the file to the disk and waits for it.
    func synchronize() throws {
        guard msync(mapping.bytes.baseAddress, mapping.bytes.count, MS_SYNC) == 0 else {
            throw HermesError.file("sync", mapping.path, .last)
        }
    }

    /// The diff ID that the content was compared with, and the outcome's number.
    var comparison: (diffID: Digest, outcome: UInt64) {
        get { (Digest(sha256: (self[4], self[5], self[6], self[7])), self[8]) }
        set {
            // A reader in between must not take the old outcome for that of the new digest.
            self[8] = 0
            (self[4], self[5], self[6], self[7]) = newValue.diffID.words
            self[8] = newValue.outcome
        }
    }

    /// A boot ID that cannot be read is never that of the file.
    private var isOfThisBoot: Bool { BootID.current.map { $0.first == self[2] && $0.second == self[3] } ?? false }

    private func adoptBoot() {
        self[2] = BootID.current?.first ?? 0
        self[3] = BootID.current?.second ?? 0
    }
}
