extension TarParser {
    /// A sparse file whose map is still being read.
    struct PendingSparseFile {
        var entry: TarEntry
        var fileSize: Int64
        var map = SparseMap()
        var collector = SparseMap.Collector()
    }

    /// Takes a block that is a header, a sparse header's extension or part of a sparse map, as the state says.
    mutating func processBlock(_ block: UnsafeRawBufferPointer) throws(TarFault) -> TarEntry? {
        switch state {
        case .sparseExtension: return try extendSparse(block)
        case .sparseMap: return try extendMap(block)
        case .secondZeroBlock:
            guard Self.isZero(block) else {
                throw TarFault("a single zero block is followed by something else")
            }
            state = .ended
            return nil
        case .header, .metadata, .ended:
            guard !Self.isZero(block) else {
                state = .secondZeroBlock
                return nil
            }
            return try processHeader(block)
        }
    }

    private static func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
        block.allSatisfy { $0 == 0 }
    }

    private mutating func processHeader(_ block: UnsafeRawBufferPointer) throws(TarFault) -> TarEntry? {
        var header = try TarHeader(block)
        switch header.typeFlag {
        case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            guard header.size >= 0, header.size <= Int64(Self.metadataLimit) else {
                throw TarFault("an extended header of \(header.size) bytes is too large")
            }
            if header.size == 0 {
                try finishMetadata(header.typeFlag, UnsafeRawBufferPointer(start: nil, count: 0))
            } else {
                state = .metadata(typeFlag: header.typeFlag, count: Int(header.size))
            }
            return nil
        default: break
        }
        try header.merge(records)
        if !longName.isEmpty { header.name = longName }
        if !longLink.isEmpty { header.linkName = longLink }
        let entry = try header.entry(records: records, dataOffset: position)
        forgetExtensions()
        // Room for the padding and a sparse header's extensions, so that no later sum overflows.
        guard entry.size >= 0, entry.size < Int64.max / 4, position < Int64.max / 4 else {
            throw TarFault("the size is out of range")
        }
        return try begin(entry, header, block)
    }

    /// Starts the data of an entry; returns it, unless a sparse map has to be read first.
    private mutating func begin(
        _ entry: TarEntry, _ header: TarHeader, _ block: UnsafeRawBufferPointer
    ) throws(TarFault) -> TarEntry? {
        if header.typeFlag == UInt8(ascii: "S") {
            guard header.isGNU else { throw TarFault("a sparse file does not have GNU's magic") }
            let fileSize = try TarHeader.number(block, 483, 12, "sparse file's size")
            var pending = PendingSparseFile(entry: entry, fileSize: fileSize)
            let isExtended = try pending.map.appendOldGNU(block, at: 386, count: 4)
            sparse = pending
            guard isExtended else { return try finishSparse() }
            state = .sparseExtension
            return nil
        }
        guard let place = SparseMap.place(entry.paxRecords) else {
            skipData(of: entry, read: 0)
            return entry
        }
        guard entry.kind == .regular else { throw TarFault("a sparse file is not a regular file") }
        var pending = PendingSparseFile(entry: entry, fileSize: entry.size)
        if let name = entry.paxRecords[SparseMap.Key.name], !name.isEmpty { pending.entry.name = name }
        let sizes = [SparseMap.Key.size, SparseMap.Key.realSize].compactMap { entry.paxRecords[$0] }
        if let size = sizes.first(where: { !$0.isEmpty }) { pending.fileSize = try SparseMap.number(size) }
        switch place {
        case .records:
            pending.map = try SparseMap(records: entry.paxRecords)
            sparse = pending
            return try finishSparse()
        case .data:
            sparse = pending
            state = .sparseMap
            return nil
        }
    }

    private mutating func extendSparse(_ block: UnsafeRawBufferPointer) throws(TarFault) -> TarEntry? {
        let isExtended = try sparse?.map.appendOldGNU(block, at: 0, count: 21) ?? false
        guard !isExtended else { return nil }
        sparse?.entry.dataOffset = position
        return try finishSparse()
    }

    private mutating func extendMap(_ block: UnsafeRawBufferPointer) throws(TarFault) -> TarEntry? {
        guard let length = sparse?.collector.length, let size = sparse?.entry.size,
            length + Int64(TarHeader.blockSize) <= size
        else { throw TarFault("the sparse map is longer than the data") }
        guard let map = try sparse?.collector.append(block) else { return nil }
        sparse?.map = map
        return try finishSparse()
    }

    /// Completes the sparse file whose map has been read.
    private mutating func finishSparse() throws(TarFault) -> TarEntry? {
        guard var pending = sparse else { return nil }
        sparse = nil
        state = .header
        let mapLength = pending.collector.length
        try pending.map.check(fileSize: pending.fileSize, stored: pending.entry.size - mapLength)
        pending.map.describe(in: &pending.entry.paxRecords, fileSize: pending.fileSize)
        if mapLength > 0 {
            pending.entry.paxRecords.set(SparseMap.Key.dataOffset, Array(String(mapLength).utf8))
        }
        skipData(of: pending.entry, read: mapLength)
        return pending.entry
    }

    private mutating func skipData(of entry: TarEntry, read: Int64) {
        dataToSkip = entry.size - read
        paddingToSkip = Self.padding(entry.size)
    }

    /// The bytes from `size` up to the next block.
    private static func padding(_ size: Int64) -> Int64 { -size & Int64(TarHeader.blockSize - 1) }

    /// Takes the data of a PAX header or long name.
    mutating func finishMetadata(
        _ typeFlag: UInt8, _ body: UnsafeRawBufferPointer
    ) throws(TarFault) {
        state = .header
        paddingToSkip = Self.padding(Int64(body.count))
        switch typeFlag {
        case UInt8(ascii: "x"): records = try PAXRecord.parse(Array(body))
        case UInt8(ascii: "g"):
            // A global header is checked, without effect, as in Go. Headers before it do not count for the next entry.
            _ = try PAXRecord.parse(Array(body))
            forgetExtensions()
        case UInt8(ascii: "L"): longName = Array(body.prefix { $0 != 0 })
        default: longLink = Array(body.prefix { $0 != 0 })
        }
    }

    private mutating func forgetExtensions() {
        records = []
        longName = []
        longLink = []
    }
}
