import HermesSupport

extension ZTOCView.Entry {
    /// The map of a sparse file, checked.
    package struct Sparse: Sendable, Equatable {
        /// A part of the file that is stored.
        package struct Stretch: Sendable, Equatable {
            /// Where the part begins in the file, in bytes.
            package let offset: Int64
            /// The part's length in bytes; possibly 0.
            package let length: Int64
            /// Where the part is stored in the uncompressed archive, in bytes.
            package let archiveOffset: Int64
        }

        /// The file's size in bytes.
        package let fileSize: Int64
        /// The parts that are stored, in order and apart; all other bytes read as zeros.
        package let stretches: [Stretch]
    }

    /// The map of a sparse file; nil for other files.
    ///
    /// `dataOffset` and `size` must be those of an entry of a valid zTOC. Throws `corrupt` where the map does not fit the
    /// file, and `unsupported` for a sparse file that was indexed by a tool that does not describe the map (see
    /// `TarParser`'s records): its data cannot be found.
    package func sparse() throws -> Sparse? {
        typealias Key = SparseMap.Key
        guard kind == .regular else { return nil }
        var values: [String: UnsafeRawBufferPointer] = [:]
        for index in 0..<recordCount {
            let record = try record(index)
            guard record.key.starts(with: "GNU.sparse.".utf8) || record.key.elementsEqual(Key.dataOffset.utf8)
            else { continue }
            values[String(decoding: record.key, as: UTF8.self)] = record.value
        }
        guard values[Key.map] != nil || values[Key.realSize] != nil || values[Key.size] != nil else {
            return nil
        }
        guard let list = values[Key.map], let realSize = values[Key.realSize] else {
            throw HermesError(
                .unsupported, "a sparse file was indexed without its map",
                advice: "build the index with hermes")
        }
        guard let fileSize = TarNumber.decimal(realSize),
            let mapLength = values[Key.dataOffset].map({ TarNumber.decimal($0) }) ?? 0,
            mapLength >= 0, mapLength <= size
        else { throw HermesError(.corrupt, "the map of a sparse file is not described by numbers") }
        do throws(TarFault) {
            let map = try SparseMap(list: list)
            try map.check(fileSize: fileSize, stored: size - mapLength)
            // No overflow: the sum of the lengths is the size of the data that is stored after the map.
            var position = dataOffset + mapLength
            var stretches: [Sparse.Stretch] = []
            for index in stride(from: 0, to: map.numbers.count, by: 2) {
                let length = map.numbers[index + 1]
                stretches.append(
                    Sparse.Stretch(offset: map.numbers[index], length: length, archiveOffset: position))
                position += length
            }
            return Sparse(fileSize: fileSize, stretches: stretches)
        } catch {
            throw HermesError(error.code, "the zTOC has a sparse file: \(error.reason)")
        }
    }
}
