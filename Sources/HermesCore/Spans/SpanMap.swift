import Glibc
import HermesSupport

/// The compiled spans of one layer: where each one lies in the compressed blob and in the uncompressed layer, its
/// digest, and the window that inflate needs at its start.
///
/// A zTOC is compiled into this form once per node (`SpanMap+Compile.swift`), so nothing is parsed at mount or on a read. The
/// records are in memory, 64 bytes for some MiB of a layer; a window is read from the file when its span is inflated. Nothing of it is
/// mapped, so an error of the disk is an error here, too.
///
/// The file, all integers little-endian:
/// | offset | what |
/// |---|---|
/// | 0 | header, 64 bytes: magic "HERMSPN2", u64 compression (1 gzip, 2 none), u64 span count, u64 size of the blob, u64 size of the uncompressed layer, u64 size of this file, u64 XXH64 of the file with zeros in this place, i64 place of span 0's window in the zTOC (0 where no span has one) |
/// | 64 | one `SpanRecord` per span, in order |
/// | behind | the windows, packed (`PackedWindows`), unaligned |
///
/// In the first version, "HERMSPN1", every window is a zstd frame, and the last field is 0. It is read, too, as images may be in
/// use when Hermes is replaced.
///
/// Immutable and safe for use from any thread.
package final class SpanMap: @unchecked Sendable {
    /// How the blob is compressed.
    package enum Compression: UInt64, Sendable {
        case gzip = 1
        case none = 2
    }

    static let magic: UInt64 = 0x324e_5053_4d52_4548  // "HERMSPN2"
    private static let firstMagic: UInt64 = 0x314e_5053_4d52_4548
    static let headerSize = 64
    /// Where the file holds its checksum.
    static let checksumPlace = 48

    private let path: String
    /// The file's header, with its checksum.
    private let header: [UInt64]
    private let records: UnsafeMutablePointer<SpanRecord>
    /// The number of spans.
    package let count: Int
    /// How the blob is compressed.
    package let compression: Compression
    /// The size of the compressed blob in bytes.
    package let compressedSize: Int64
    /// The size of the uncompressed layer in bytes, up to the end of its tar archive.
    package let uncompressedSize: Int64

    /// Opens the compiled file at `path` and checks every record of it, so that no later access can leave the file.
    ///
    /// Throws `corrupt` for a file that this version did not write, and the file error if there is none.
    package init(_ path: String) throws {
        self.path = path
        let file = try OpenFile(path, O_RDONLY | O_NOFOLLOW)
        let size = try file.size()
        let damaged = HermesError(.corrupt, "\(path) is not a compiled span map", advice: "remove it")
        header = try Self.header(of: file)
        guard header[0] == Self.magic || header[0] == Self.firstMagic,
            let compression = Compression(rawValue: header[1]),
            let count = Int(exactly: header[2]), count > 0, count <= (size - Int64(Self.headerSize)) / 64,
            let compressedSize = Int64(exactly: header[3]), let uncompressedSize = Int64(exactly: header[4]),
            header[5] == UInt64(size)
        else { throw damaged }
        self.count = count
        self.compression = compression
        self.compressedSize = compressedSize
        self.uncompressedSize = uncompressedSize
        // `count` was checked above against the size of the file.
        records = .allocate(capacity: count)
        // Where one of these fails, the object is whole by now, and its end frees the records.
        try Self.read(into: records, count, from: file)
        guard areSound(fileSize: UInt64(size)) else { throw damaged }
    }

    deinit { records.deallocate() }

    private static func read(into records: UnsafeMutablePointer<SpanRecord>, _ count: Int, from file: OpenFile) throws {
        let bytes = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: records, count: count))
        guard try file.read(into: bytes, at: Int64(headerSize)) == bytes.count else {
            throw HermesError(.corrupt, "\(file.path) was cut off while it was read", advice: "remove it")
        }
    }

    private func areSound(fileSize: UInt64) -> Bool {
        for index in 0..<count {
            let record = records[index]
            // Both starts lie inside the layer before the ends, which follow from the next record, are worked out.
            guard record.compressedStart >= 0, record.compressedStart < compressedSize,
                record.uncompressedStart >= 0, record.uncompressedStart <= uncompressedSize,
                index + 1 == count || records[index + 1].compressedStart < compressedSize
            else { return false }
            let compressedEnd = self.compressedEnd(index)
            let uncompressedEnd = self.uncompressedEnd(index)
            guard record.compressedStart < compressedEnd, compressedEnd <= compressedSize,
                // One more: the byte that neighbours share.
                compressedEnd - record.compressedStart <= ZTOC.largestSpan + 1,
                record.uncompressedStart <= uncompressedEnd, uncompressedEnd <= uncompressedSize,
                uncompressedEnd - record.uncompressedStart <= ZTOC.largestSpan, record.bits < 8,
                record.windowLength <= 1 << 20, record.windowOffset <= fileSize,
                fileSize - record.windowOffset >= UInt64(record.windowLength)
            else { return false }
        }
        return records[0].uncompressedStart == 0
    }

    /// Whether the file's bytes are those that were written. Reads all of it.
    var isIntact: Bool {
        guard let file = try? open(), let mapped = try? MappedFile(file, isMended: true) else { return false }
        let sum = XXH64.ofFile(mapped.readOnly, without: Self.checksumPlace)
        return mapped.readOnly.load(fromByteOffset: Self.checksumPlace, as: UInt64.self) == sum && !mapped.isBroken
    }

    /// The header; zeros where the file is shorter.
    private static func header(of file: OpenFile) throws -> [UInt64] {
        var header = [UInt64](repeating: 0, count: headerSize / 8)
        _ = try header.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        return header
    }

    /// Opens the file anew, as a descriptor for each open layer would be many. Throws the file error, and `corrupt` where the file
    /// is not the one that was opened before.
    private func open() throws -> OpenFile {
        let file = try OpenFile(path, O_RDONLY | O_NOFOLLOW)
        guard try Self.header(of: file) == header else {
            throw HermesError(.corrupt, "\(path) was changed while it was in use", advice: "remove the cache folder")
        }
        return file
    }

    /// The record of span `index`, which is in 0..<count.
    package func record(_ index: Int) -> UnsafePointer<SpanRecord> { UnsafePointer(records + index) }

    /// The bytes of the blob that span `index` needs.
    package func compressedRange(_ index: Int) -> Range<Int64> {
        records[index].compressedStart..<compressedEnd(index)
    }

    /// The bytes of the uncompressed layer that span `index` holds; empty for a zero-length span.
    package func uncompressedRange(_ index: Int) -> Range<Int64> {
        records[index].uncompressedStart..<uncompressedEnd(index)
    }

    private func compressedEnd(_ index: Int) -> Int64 {
        guard index + 1 < count else { return compressedSize }
        // Neighbours share the byte in which a boundary lies that is not on a byte's edge.
        return records[index + 1].compressedStart + (records[index + 1].bits != 0 ? 1 : 0)
    }

    private func uncompressedEnd(_ index: Int) -> Int64 {
        index + 1 < count ? records[index + 1].uncompressedStart : uncompressedSize
    }

    /// The span that holds byte `offset` of the uncompressed layer; `offset` is in 0..<uncompressedSize.
    package func span(at offset: Int64) -> Int {
        // The last span that starts at or before the offset, so zero-length spans are never the answer.
        var low = 0
        var high = count
        while high - low > 1 {
            let middle = (low + high) / 2
            if records[middle].uncompressedStart <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Where the window of span `index` lies in the zTOC, in bytes; nil where this file does not say it, or does not have the window.
    /// Not checked: the file's word.
    func ztocOffset(ofWindow index: Int) -> Int64? {
        let first = Int64(bitPattern: header[7])
        guard first != 0, records[index].windowLength > 0 else { return nil }
        let (offset, overflow) = first.addingReportingOverflow(Int64(index) * Int64(CheckpointBlob.recordSize))
        return overflow ? nil : offset
    }

    /// The packed window of span `index`, at most 1 MiB; empty where inflate needs none. Throws the file error, and `corrupt` where
    /// the file was cut off.
    func packedWindow(_ index: Int) throws -> [UInt8] {
        let record = records[index]
        let length = Int(record.windowLength)
        guard length > 0 else { return [] }
        let file = try open()
        // Inside the file, as `init` has checked.
        return try [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: Int64(record.windowOffset))
            guard count == length else {
                throw HermesError(.corrupt, "\(file.path) was cut off", advice: "remove it")
            }
        }
    }
}

/// One span as it lies in the compiled file: 64 bytes, aligned to 8.
package struct SpanRecord {
    /// The first byte of the blob that the span needs.
    package let compressedStart: Int64
    /// The first byte of the uncompressed layer that the span holds.
    package let uncompressedStart: Int64
    let windowOffset: UInt64
    let windowLength: UInt32
    /// The number of unused high bits of the first compressed byte with which inflate is primed; 0 starts on the byte.
    package let bits: UInt32
    /// The SHA-256 of the span's compressed bytes.
    package let digest: Digest

    init(
        compressedStart: Int64, uncompressedStart: Int64, windowOffset: UInt64, windowLength: UInt32,
        bits: UInt32,
        digest: Digest
    ) {
        self.compressedStart = compressedStart
        self.uncompressedStart = uncompressedStart
        self.windowOffset = windowOffset
        self.windowLength = windowLength
        self.bits = bits
        self.digest = digest
    }
}
