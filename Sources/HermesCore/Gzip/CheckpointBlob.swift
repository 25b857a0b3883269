import HermesSupport

/// The checkpoints of a zTOC's gzip layer as they lie in the file: read in place, nothing is copied.
///
/// Layout (soci-snapshotter, gzip_zinfo.c), little endian and packed: `int32 have; int64 span_size;` then records of
/// `int64 in; int64 out; uint8 bits; uint8 window[32768]`. There is no version field; the length tells. Version 2 has
/// `have` records. Version 1 has one less: checkpoint 0 is implicit, right behind a gzip header of 10 bytes.
///
/// The value does not own the memory: the owner of the mapping keeps it mapped and unchanged for as long as the value
/// is used. On that condition any thread may use it, hence the unchecked conformance.
package struct CheckpointBlob: @unchecked Sendable {
    static let headerSize = 12
    /// Where the window lies in a record.
    private static let windowStart = 17
    static let recordSize = windowStart + Checkpoint.windowSize
    // The shortest gzip header (RFC 1952 section 2.3).
    private static let shortestHeader: Int64 = 10

    private let bytes: UnsafeRawBufferPointer
    private let compressedSize: Int64
    private let uncompressedSize: Int64
    // 1 if checkpoint 0 has no record, else 0.
    private let implicit: Int

    /// The number of checkpoints, which is the number of spans.
    package let count: Int
    /// The requested number of uncompressed bytes in a span.
    package let spanSize: Int64

    /// Checks the whole blob of a layer with the given sizes; throws `corrupt` unless every checkpoint is in order and
    /// inside the layer. Afterwards no accessor can fail for 0 <= index < count.
    package init(
        _ bytes: UnsafeRawBufferPointer, compressedSize: Int64, uncompressedSize: Int64
    ) throws {
        guard bytes.count >= Self.headerSize else {
            throw Self.corrupt("it has \(bytes.count) bytes, less than its header")
        }
        let have = Int(Int32(littleEndian: bytes.loadUnaligned(as: Int32.self)))
        let records = (bytes.count - Self.headerSize) / Self.recordSize
        guard have >= 0, (bytes.count - Self.headerSize) % Self.recordSize == 0,
            records == have || records == have - 1
        else {
            throw Self.corrupt("its length of \(bytes.count) bytes does not fit \(have) checkpoints")
        }
        self.bytes = bytes
        self.compressedSize = compressedSize
        self.uncompressedSize = uncompressedSize
        implicit = have - records
        count = have
        spanSize = Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: Int64.self))
        guard spanSize >= 0 else { throw Self.corrupt("its span size is \(spanSize)") }
        try checkOrder()
    }

    private func checkOrder() throws {
        guard compressedSize >= 0, uncompressedSize >= 0 else {
            throw Self.corrupt("its layer has a negative size")
        }
        var last = Checkpoint(compressedOffset: Self.shortestHeader - 1, uncompressedOffset: 0, bits: 0)
        for index in 0..<count {
            let next = checkpoint(index)
            // A block takes at least ten bits, so compressed offsets differ; empty blocks produce no output.
            guard next.bits <= 7, next.compressedOffset > last.compressedOffset,
                next.compressedOffset < compressedSize, next.uncompressedOffset >= last.uncompressedOffset,
                next.uncompressedOffset <= uncompressedSize, index > 0 || next.uncompressedOffset == 0
            else {
                throw Self.corrupt("checkpoint \(index) of \(count) is out of order or outside the layer")
            }
            last = next
        }
    }

    private static func corrupt(_ reason: String) -> HermesError {
        HermesError(.corrupt, "the checkpoints of a zTOC are corrupt: \(reason)")
    }

    /// Where the record of checkpoint `index` starts; where it is implicit, where it would start. Any other lies inside `bytes`: init
    /// has checked their length.
    private func record(_ index: Int) -> Int { Self.headerSize + (index - implicit) * Self.recordSize }

    /// Checkpoint `index`, 0..<count.
    package func checkpoint(_ index: Int) -> Checkpoint {
        precondition(index >= 0 && index < count, "no such checkpoint")
        if index < implicit {
            return Checkpoint(compressedOffset: Self.shortestHeader, uncompressedOffset: 0, bits: 0)
        }
        let start = record(index)
        return Checkpoint(
            compressedOffset: Int64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Int64.self)),
            uncompressedOffset: Int64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: Int64.self)),
            bits: bytes[start + 16])
    }

    /// Where the window of checkpoint `index` lies in the blob; where it is implicit, where it would lie.
    func windowOffset(_ index: Int) -> Int { record(index) + Self.windowStart }

    /// The window of checkpoint `index`: a slice of the blob, or nil where it is implicit (all zero, never needed).
    package func window(_ index: Int) -> UnsafeRawBufferPointer? {
        guard index >= implicit else { return nil }
        precondition(index < count, "no such checkpoint")
        let start = windowOffset(index)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<(start + Checkpoint.windowSize)])
    }

    /// The compressed bytes of span `index`, which its digest covers. Neighbours share a byte if a boundary is inside it.
    package func compressedRange(ofSpan index: Int) -> Range<Int64> {
        checkpoint(index)
            .spanStart..<(index + 1 < count ? checkpoint(index + 1).compressedOffset : compressedSize)
    }

    /// The uncompressed bytes of span `index`; may be empty.
    package func uncompressedRange(ofSpan index: Int) -> Range<Int64> {
        let end = index + 1 < count ? checkpoint(index + 1).uncompressedOffset : uncompressedSize
        return checkpoint(index).uncompressedOffset..<end
    }
}
