import Glibc
import Synchronization

/// The span cache of one layer: a sparse file that holds the uncompressed layer at its own offsets, and a shared bitmap
/// of the spans that are present.
///
/// `data` is an ordinary sparse file. `present`, mapped by every process that uses the layer, is:
/// | offset | what |
/// |---|---|
/// | 0 | header, 64 bytes: magic "HERMPRS1", u64 span count, 16 bytes boot ID, 32 bytes zero |
/// | 64 | one bit per span, in 64-bit words, least significant first |
///
/// A bit is set after the span's bytes were written, and read before them, so that presence is never ahead of the data;
/// both live in the page cache, which outlives a killed process. It does not outlive a power loss: with another boot ID
/// than the one that wrote them, the bits are cleared. Two processes that fill the same span write the same bytes.
///
/// Safe for use from any thread.
public final class SpanStore: @unchecked Sendable {
    static let magic: UInt64 = 0x3153_5250_4d52_4548  // "HERMPRS1"
    static let headerSize = 64

    /// The sparse file of uncompressed bytes.
    public let data: OpenFile
    private let presence: MappedFile
    /// The bitmap, for the read path; valid as long as this object is.
    let presentWords: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    /// Opens or makes the cache in `folder` for a layer of `count` spans and `size` uncompressed bytes.
    public init(folder: String, count: Int, size: Int64) throws {
        self.count = count
        data = try OpenFile(folder + "/data", O_RDWR | O_CREAT, mode: 0o600)
        let file = try OpenFile(folder + "/present", O_RDWR | O_CREAT, mode: 0o600)
        // The lock keeps a second process from reading a header that the first is still writing; closing ends it.
        guard flock(file.descriptor, LOCK_EX) == 0 else { throw HermesError.file("lock", file.path, .last) }
        defer { flock(file.descriptor, LOCK_UN) }
        let wordCount = (count + 63) / 64
        let length = Int64(Self.headerSize + 8 * wordCount)
        if try file.size() != length {
            guard ftruncate(file.descriptor, 0) == 0 else { throw HermesError.file("create", file.path, .last) }
        }
        // The kernel kills who writes to a mapped hole when the disk is full, so there must be none.
        let failure = posix_fallocate(file.descriptor, 0, off_t(length))
        guard failure == 0 else { throw HermesError.file("create", file.path, SystemError(failure)) }
        // Data that are new, or were cut off, are holes: nothing of them is present.
        let isCut = try data.size() < size
        presence = try MappedFile(file, writable: true)
        guard let base = presence.bytes.baseAddress else {
            throw HermesError(.corrupt, "\(file.path) is empty", advice: "remove it")
        }
        // The file has exactly `length` bytes, and a mapping starts on a page: every word is inside and aligned.
        presentWords = (base + Self.headerSize).bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
        let header = base.bindMemory(to: UInt64.self, capacity: 8)
        let boot = Self.bootID()
        guard
            isCut || header[0] != Self.magic || header[1] != UInt64(count) || header[2] != boot.0
                || header[3] != boot.1
        else { return }
        for word in 0..<wordCount { presentWords[word].store(0, ordering: .relaxed) }
        header[1] = UInt64(count)
        header[2] = boot.0
        header[3] = boot.1
        header[0] = Self.magic
        // Only now: who is killed in between leaves no bit for bytes that are not there.
        guard !isCut || ftruncate(data.descriptor, off_t(size)) == 0 else {
            throw HermesError.file("create", data.path, .last)
        }
    }

    /// Whether span `index` can be read from `data`.
    @inline(__always)
    public func isPresent(_ index: Int) -> Bool {
        presentWords[index >> 6].load(ordering: .acquiring) & (1 << UInt64(index & 63)) != 0
    }

    /// The number of spans that are present.
    public var presentCount: Int {
        (0..<(count + 63) / 64).reduce(0) { $0 + presentWords[$1].load(ordering: .relaxed).nonzeroBitCount }
    }

    /// Writes the bytes of span `index`, which start at `offset` of the uncompressed layer, and marks it present.
    ///
    /// Throws the file error, ENOSPC among them; the span is then not present, and nothing else is harmed.
    public func store(_ index: Int, _ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        try data.write(bytes, at: offset)
        presentWords[index >> 6].bitwiseOr(1 << UInt64(index & 63), ordering: .releasing)
    }

    /// The kernel's boot ID (random(4)): the same for the life of the page cache.
    private static func bootID() -> (UInt64, UInt64) {
        guard let bytes = try? LocalFile.read("/proc/sys/kernel/random/boot_id", limit: 64) else { return (0, 0) }
        let text = String(decoding: bytes, as: UTF8.self)
        let digits = text.filter(\.isHexDigit)
        return (UInt64(digits.prefix(16), radix: 16) ?? 0, UInt64(digits.suffix(16), radix: 16) ?? 0)
    }
}
