import HermesSupport

/// How a zTOC comes about. Built from its end, its parts are, in the order of the file:
///
///     head: root, compression info, span digests | checkpoints | middle: list of entries | entries | tail: texts
///
/// The entries are built twice: once from the last to the first, to learn where each lies and which vtables are shared,
/// and forgotten; then, chunk by chunk in the order of the file, from the builder's state before the chunk, to be
/// written. So no more than one chunk of them is in memory as FlatBuffer.
extension ZTOCWriter {
    func write(
        _ layer: Layer, _ compression: ZTOC.Compression, checkpointSize: Int64,
        checkpoints: (Sink) throws -> Void, to sink: Sink
    ) throws -> Int64 {
        guard checkpointSize >= 0, checkpointSize <= Int64(Int32.max),
            let maxSpanID = Int32(exactly: layer.spanDigests.count - 1)
        else { throw Self.tooLarge }
        var builder = FlatBufferBuilder()
        let version = builder.string(ZTOC.version)
        let buildTool = builder.string(ZTOC.buildTool)
        let tail = builder.take { Array($0) }

        var tables = [Int](repeating: 0, count: store.count)
        var marks: [FlatBufferBuilder.Mark] = []
        var built = store.count
        for chunk in store.chunks.reversed() {
            marks.append(builder.mark)
            build(chunk, &builder) { table in
                built -= 1
                tables[built] = table
            }
            builder.take { _ in }
            try Self.check(builder.offset)
        }
        let entriesEnd = builder.mark
        let toc = buildTableOfContents(tables, &builder)
        builder.startVector(byteCount: Int(checkpointSize))
        let middle = builder.take { Array($0) }
        builder.skip(Int(checkpointSize))
        let vector = builder.endVector(count: Int(checkpointSize))
        try Self.check(builder.offset)
        let info = Self.buildCompressionInfo(layer, compression, maxSpanID, checkpoints: vector, &builder)
        Self.buildRoot(layer, [version, buildTool, toc, info], &builder)
        let size = builder.offset
        try Self.check(size)

        try builder.take { try sink($0) }
        try Self.stream(checkpoints, checkpointSize, to: sink)
        try middle.withUnsafeBytes { try sink($0) }
        builder.rewind(to: entriesEnd)
        for (chunk, mark) in zip(store.chunks, marks.reversed()) {
            builder.rewind(to: mark)
            build(chunk, &builder) { _ in }
            try builder.take { try sink($0) }
        }
        try tail.withUnsafeBytes { try sink($0) }
        return Int64(size)
    }

    private static var tooLarge: HermesError {
        HermesError(.unsupported, "the layer's zTOC would be larger than 2 GiB")
    }

    /// Checks that references, which have 31 bits, still reach.
    private static func check(_ offset: Int) throws {
        guard offset <= Int(Int32.max) else { throw tooLarge }
    }

    /// Passes the checkpoints on and checks that they are as many bytes as the file has room for.
    private static func stream(
        _ checkpoints: (Sink) throws -> Void, _ size: Int64, to sink: Sink
    ) throws {
        var rest = size
        // `checkpoints` is non-escaping too, so the sink does not outlive this call.
        try withoutActuallyEscaping(sink) { sink in
            try checkpoints { bytes in
                rest -= Int64(bytes.count)
                guard rest >= 0 else { return }
                try sink(bytes)
            }
        }
        guard rest == 0 else {
            throw HermesError(.corrupt, "the checkpoints have \(size - rest) bytes instead of \(size)")
        }
    }

    private func build(
        _ chunk: EntryStore.Chunk, _ builder: inout FlatBufferBuilder,
        _ finished: (FlatBufferBuilder.Offset) -> Void
    ) {
        var scratch: [UInt8] = []
        var records: [FlatBufferBuilder.Offset] = []
        chunk.bytes.withUnsafeBytes { bytes in
            for start in chunk.starts.reversed() {
                var reader = EntryStore.Reader(bytes, at: start)
                finished(Self.build(&reader, &builder, &scratch, &records))
            }
        }
    }

    /// Builds one entry. The scratch arrays are only passed to be used again.
    private static func build(
        _ reader: inout EntryStore.Reader, _ builder: inout FlatBufferBuilder, _ text: inout [UInt8],
        _ records: inout [FlatBufferBuilder.Offset]
    ) -> FlatBufferBuilder.Offset {
        typealias Slot = ZTOC.Slot.File
        let kind = TarEntry.Kind(rawValue: reader.byte()) ?? .regular
        let offset = reader.number()
        let size = reader.number()
        let mode = reader.number()
        let uid = UInt32(truncatingIfNeeded: reader.number())
        let gid = UInt32(truncatingIfNeeded: reader.number())
        let time = Timestamp(
            seconds: reader.number(), nanoseconds: Int32(truncatingIfNeeded: reader.number()))
        let deviceMajor = reader.number()
        let deviceMinor = reader.number()
        let name = builder.string(reader.text())
        let type = kind.ztocName.withUTF8Buffer { builder.string(UnsafeRawBufferPointer($0)) }
        let linkName = builder.string(reader.text())
        let uname = builder.string(reader.text())
        let gname = builder.string(reader.text())
        text.removeAll(keepingCapacity: true)
        RFC3339.format(time, into: &text)
        let modificationTime = text.withUnsafeBytes { builder.string($0) }

        records.removeAll(keepingCapacity: true)
        for _ in 0..<reader.number() {
            let key = builder.string(reader.text())
            let value = builder.string(reader.text())
            builder.startTable(slotCount: ZTOC.Slot.Record.count)
            builder.add(ZTOC.Slot.Record.key, reference: key)
            builder.add(ZTOC.Slot.Record.value, reference: value)
            records.append(builder.endTable())
        }
        let list = builder.vector(of: records)

        builder.startTable(slotCount: Slot.count)
        builder.add(Slot.name, reference: name)
        builder.add(Slot.type, reference: type)
        builder.add(Slot.offset, offset)
        builder.add(Slot.size, size)
        builder.add(Slot.linkName, reference: linkName)
        builder.add(Slot.mode, mode)
        builder.add(Slot.uid, uid)
        builder.add(Slot.gid, gid)
        builder.add(Slot.uname, reference: uname)
        builder.add(Slot.gname, reference: gname)
        builder.add(Slot.modificationTime, reference: modificationTime)
        builder.add(Slot.deviceMajor, deviceMajor)
        builder.add(Slot.deviceMinor, deviceMinor)
        builder.add(Slot.records, reference: list)
        return builder.endTable()
    }

    private func buildTableOfContents(
        _ tables: [FlatBufferBuilder.Offset], _ builder: inout FlatBufferBuilder
    ) -> FlatBufferBuilder.Offset {
        let metadata = builder.vector(of: tables)
        builder.startTable(slotCount: ZTOC.Slot.TableOfContents.count)
        builder.add(ZTOC.Slot.TableOfContents.metadata, reference: metadata)
        return builder.endTable()
    }

    private static func buildCompressionInfo(
        _ layer: Layer, _ compression: ZTOC.Compression, _ maxSpanID: Int32,
        checkpoints: FlatBufferBuilder.Offset, _ builder: inout FlatBufferBuilder
    ) -> FlatBufferBuilder.Offset {
        typealias Slot = ZTOC.Slot.CompressionInfo
        var digests: [FlatBufferBuilder.Offset] = []
        digests.reserveCapacity(layer.spanDigests.count)
        for digest in layer.spanDigests { digests.append(builder.string(digest.description)) }
        let list = builder.vector(of: digests)
        builder.startTable(slotCount: Slot.count)
        builder.add(Slot.maxSpanID, maxSpanID)
        builder.add(Slot.spanDigests, reference: list)
        builder.add(Slot.checkpoints, reference: checkpoints)
        builder.add(Slot.algorithm, compression.rawValue, default: ZTOC.Compression.gzip.rawValue)
        return builder.endTable()
    }

    /// Ends the zTOC; `parts` are its version, build tool, table of contents and compression info.
    private static func buildRoot(
        _ layer: Layer, _ parts: [FlatBufferBuilder.Offset], _ builder: inout FlatBufferBuilder
    ) {
        typealias Slot = ZTOC.Slot.Root
        builder.startTable(slotCount: Slot.count)
        builder.add(Slot.version, reference: parts[0])
        builder.add(Slot.buildTool, reference: parts[1])
        builder.add(Slot.toc, reference: parts[2])
        builder.add(Slot.compressedSize, layer.compressedSize)
        builder.add(Slot.uncompressedSize, layer.uncompressedArchiveSize)
        builder.add(Slot.compressionInfo, reference: parts[3])
        let root = builder.endTable()
        builder.finish(root: root)
    }
}
