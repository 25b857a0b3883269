extension SparseMap {
    /// Collects the map of format 1.0, which is text at the start of the data: the number of stretches, then an offset
    /// and a length for each, every number in decimal and on its own line, padded with NULs to whole blocks.
    struct Collector {
        private var text: [UInt8] = []
        private var lines = 0
        private var needed = 1

        /// The length of the map so far, padding included.
        var length: Int64 { Int64(text.count) }

        /// Adds a block of 512 bytes; returns the map when it is complete.
        mutating func append(_ block: UnsafeRawBufferPointer) throws(TarFault) -> SparseMap? {
            text += block
            for byte in block where byte == UInt8(ascii: "\n") { lines += 1 }
            if needed == 1, lines >= 1 {
                let first = text.prefix { $0 != UInt8(ascii: "\n") }
                let count = try SparseMap.number(first)
                guard count >= 0, count <= Int64(SparseMap.maximumCount) else {
                    throw TarFault("the sparse map is too long")
                }
                needed = 1 + 2 * Int(count)
            }
            guard lines < needed else { return try map() }
            guard text.count < TarParser.metadataLimit else { throw TarFault("the sparse map is too long") }
            return nil
        }

        private func map() throws(TarFault) -> SparseMap {
            let numbers = text.split(
                separator: UInt8(ascii: "\n"), maxSplits: needed, omittingEmptySubsequences: false)
            var map = SparseMap()
            for index in stride(from: 1, to: needed, by: 2) {
                try map.append(
                    offset: try SparseMap.number(numbers[index]),
                    length: try SparseMap.number(numbers[index + 1]))
            }
            return map
        }
    }
}
