/// The runs of data of a sparse file, as the PAX records of its zTOC entry describe them (`SparseMap`).
struct SparseExtents {
    /// The runs in order: where each lies in the file, in bytes. Their data follow each other in the layer.
    let runs: [(offset: Int64, length: Int64)]
    /// The file's size in bytes.
    let size: Int64
    /// Where the first run's data lie, in bytes from the entry's own data.
    let dataOffset: Int64

    /// Reads the records of an entry; nil for an ordinary file.
    ///
    /// Throws `corrupt` for runs that are out of order or outside the file, and `unsupported` for an index that names a
    /// sparse file without its map (the SOCI tools keep no map of format 1.0): its bytes could only be wrong.
    init?(_ entry: ZTOCView.Entry) throws {
        var map: UnsafeRawBufferPointer?
        var size: Int64?
        var dataOffset: Int64 = 0
        var isSparse = false
        for index in 0..<entry.recordCount {
            let (key, value) = try entry.record(index)
            guard key.starts(with: "GNU.sparse.".utf8) || key.elementsEqual(SparseMap.Key.dataOffset.utf8)
            else {
                continue
            }
            isSparse = true
            if key.elementsEqual(SparseMap.Key.map.utf8) { map = value }
            if key.elementsEqual(SparseMap.Key.realSize.utf8) || key.elementsEqual(SparseMap.Key.size.utf8) {
                size = TarNumber.decimal(value)
            }
            if key.elementsEqual(SparseMap.Key.dataOffset.utf8) {
                dataOffset = TarNumber.decimal(value) ?? -1
            }
        }
        guard isSparse else { return nil }
        let name = String(decoding: entry.name.prefix(200), as: UTF8.self).debugDescription
        guard let map, let size else {
            throw HermesError(
                .unsupported, "the index holds the sparse file \(name) without its map",
                advice: "build it again with hermes index build")
        }
        let damaged = HermesError(.corrupt, "the index has a damaged sparse map of \(name)")
        guard size >= 0, dataOffset >= 0 else { throw damaged }
        var runs: [(offset: Int64, length: Int64)] = []
        var end: Int64 = 0
        let numbers =
            map.isEmpty ? [] : map.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard numbers.count % 2 == 0 else { throw damaged }
        for index in stride(from: 0, to: numbers.count, by: 2) {
            guard let offset = TarNumber.decimal(numbers[index]),
                let length = TarNumber.decimal(numbers[index + 1]),
                offset >= end, length >= 0, offset <= size, length <= size - offset
            else { throw damaged }
            end = offset + length
            if length > 0 { runs.append((offset, length)) }
        }
        self.runs = runs
        self.size = size
        self.dataOffset = dataOffset
    }
}
