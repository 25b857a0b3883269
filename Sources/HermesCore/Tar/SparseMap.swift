/// The map of a sparse file: which stretches of the file are stored; the rest reads as zeros.
///
/// GNU tar has four ways to write it (GNU tar manual, "Storing Sparse Files"): in the header of an 'S' entry, in PAX
/// records (0.0 repeats keys, 0.1 has one list), and at the start of the data (1.0). An entry of any of them carries the
/// same records: `GNU.sparse.map` with "offset,length,..." in decimal, `GNU.sparse.realsize` with the file's size, and,
/// where the map lies in the data, `HERMES.sparse.dataoffset` with its length. The stretches are stored one after the
/// other after the map.
struct SparseMap {
    /// Keys of PAX records.
    enum Key {
        static let offset = "GNU.sparse.offset"
        static let byteCount = "GNU.sparse.numbytes"
        static let blockCount = "GNU.sparse.numblocks"
        static let map = "GNU.sparse.map"
        static let name = "GNU.sparse.name"
        static let major = "GNU.sparse.major"
        static let minor = "GNU.sparse.minor"
        static let size = "GNU.sparse.size"
        static let realSize = "GNU.sparse.realsize"
        static let dataOffset = "HERMES.sparse.dataoffset"
    }

    /// Where a map is found.
    enum Place {
        case records, data
    }

    /// The most stretches that a file may have; a hostile archive could claim any number, and fill the index with them.
    static let maximumCount = 1 << 16

    /// Offset and length of each stretch, in turn.
    private(set) var numbers: [Int64] = []

    /// Adds a stretch.
    mutating func append(offset: Int64, length: Int64) throws(TarFault) {
        guard numbers.count < 2 * Self.maximumCount else { throw TarFault("the sparse map is too long") }
        numbers.append(offset)
        numbers.append(length)
    }

    /// Where PAX records say that the map is; nil when the file is not sparse, or of a later format (then it is read
    /// as a plain file, as Go does).
    static func place(_ records: [PAXRecord]) -> Place? {
        let major = records[Key.major] ?? []
        let minor = records[Key.minor] ?? []
        switch (String(decoding: major, as: UTF8.self), String(decoding: minor, as: UTF8.self)) {
        case ("0", "0"), ("0", "1"): return .records
        case ("1", "0"): return .data
        case ("", ""): return records[Key.map]?.isEmpty == false ? .records : nil
        default: return nil
        }
    }

    /// The map in the records of format 0.1 (and of 0.0, whose records were joined when they were parsed).
    init(records: [PAXRecord]) throws(TarFault) {
        try self.init(list: records[Key.map] ?? [])
        guard let count = TarNumber.decimal(records[Key.blockCount] ?? []), count == Int64(numbers.count / 2)
        else { throw TarFault("the sparse map's count is wrong") }
    }

    /// The map that `list` describes: "offset,length,...".
    init(list: some Collection<UInt8>) throws(TarFault) {
        guard !list.isEmpty else { return }
        let texts = list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard texts.count % 2 == 0 else { throw TarFault("the sparse map's count is wrong") }
        for index in stride(from: 0, to: texts.count, by: 2) {
            try append(offset: try Self.number(texts[index]), length: try Self.number(texts[index + 1]))
        }
    }

    /// An empty map.
    init() {}

    static func number(_ text: some Collection<UInt8>) throws(TarFault) -> Int64 {
        guard let value = TarNumber.decimal(text) else {
            throw TarFault("the sparse map holds something that is not a number")
        }
        return value
    }

    /// Adds the map of an 'S' header or of one of its extension blocks; returns whether another block follows.
    ///
    /// `block` holds 512 bytes. The list ends early at an entry whose offset starts with a NUL, as GNU's.
    mutating func appendOldGNU(
        _ block: UnsafeRawBufferPointer, at offset: Int, count: Int
    ) throws(TarFault) -> Bool {
        for index in 0..<count {
            let start = offset + 24 * index
            guard block[start] != 0 else { break }
            try append(
                offset: try TarHeader.number(block, start, 12, "sparse map"),
                length: try TarHeader.number(block, start + 12, 12, "sparse map"))
        }
        return block[offset + 24 * count] != 0
    }

    /// Checks the map against the file's size and the bytes that are stored after the map.
    ///
    /// Stretches must be in order, apart, inside the file, and add up to the stored bytes: else a reader would get
    /// wrong bytes.
    func check(fileSize: Int64, stored: Int64) throws(TarFault) {
        var end: Int64 = 0
        var total: Int64 = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (next, overflow) = numbers[index].addingReportingOverflow(numbers[index + 1])
            guard numbers[index] >= end, numbers[index + 1] >= 0, !overflow, next <= fileSize else {
                throw TarFault("the sparse map is out of order or beyond the file's end")
            }
            // No overflow: the stretches are apart, so their sum is at most fileSize.
            total += numbers[index + 1]
            end = next
        }
        guard fileSize >= 0, total == stored else {
            throw TarFault("the sparse map describes \(total) bytes, but \(stored) are stored")
        }
    }

    /// Describes the map in `records`.
    func describe(in records: inout [PAXRecord], fileSize: Int64) {
        records.set(Key.map, Array(numbers.map(String.init).joined(separator: ",").utf8))
        records.set(Key.realSize, Array(String(fileSize).utf8))
    }
}
