import HermesSupport

extension SpanMap {
    /// Compiles the spans of a validated zTOC into the file `spans` of `folder`, which appears whole or not at all.
    ///
    /// Throws `corrupt` for checkpoints that do not fit the layer, `unsupported` for a span of more than 32 MiB.
    package static func compile(_ source: ZTOCView, in folder: String) throws {
        var records: ContiguousArray<SpanRecord> = []
        var windows: [UInt8] = []
        var ztocWindows = 0
        let start = headerSize + source.spanCount * 64
        let digests = try source.spanDigests()
        switch source.compression {
        case .gzip:
            let blob = try CheckpointBlob(
                source.checkpoints, compressedSize: source.compressedSize,
                uncompressedSize: source.uncompressedSize)
            try check(blob.count, digests)
            var packer = try PackedWindows()
            for index in 0..<blob.count {
                let checkpoint = blob.checkpoint(index)
                let offset = packer.bytes.count
                if checkpoint.uncompressedOffset > 0, let window = blob.window(index) {
                    try packer.append(window)
                }
                records.append(
                    SpanRecord(
                        compressedStart: checkpoint.spanStart,
                        uncompressedStart: checkpoint.uncompressedOffset,
                        windowOffset: UInt64(start + offset),
                        windowLength: UInt32(packer.bytes.count - offset),
                        bits: UInt32(checkpoint.bits), digest: digests[index]))
            }
            windows = packer.bytes
            ztocWindows = source.checkpointsOffset + blob.windowOffset(0)
        case .uncompressed:
            let spanSize = try source.spanSize()
            try check(Int(clamping: try TarZinfo(spanSize: spanSize, size: source.compressedSize).spanCount), digests)
            for index in digests.indices {
                let offset = Int64(index) * spanSize
                records.append(
                    SpanRecord(
                        compressedStart: offset, uncompressedStart: offset, windowOffset: UInt64(start),
                        windowLength: 0, bits: 0, digest: digests[index]))
            }
        }
        // A plain tar's spans cover the blob; with trailing padding it is larger than the archive.
        let isPlain = source.compression == .uncompressed
        let ends =
            records.dropFirst().map { ($0.compressedStart, $0.uncompressedStart) }
            + [(source.compressedSize, isPlain ? source.compressedSize : source.uncompressedSize)]
        for (record, end) in zip(records, ends) {
            // The starts rise and are not negative: checked above, or multiples of the span size.
            let size = max(end.0 - record.compressedStart, end.1 - record.uncompressedStart)
            guard size > ZTOC.largestSpan else { continue }
            throw HermesError(
                .unsupported, "a span of the index has \(size) bytes, more than a span may have",
                advice: "build the index again with a smaller --span-size")
        }
        var header: [UInt64] = [
            magic, isPlain ? Compression.none.rawValue : Compression.gzip.rawValue, UInt64(records.count),
            UInt64(source.compressedSize), UInt64(isPlain ? source.compressedSize : source.uncompressedSize),
            UInt64(start + windows.count), 0, UInt64(bitPattern: Int64(ztocWindows)),
        ]
        func each(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
            try header.withUnsafeBytes(body)
            try records.withUnsafeBytes(body)
            try windows.withUnsafeBytes(body)
        }
        var sum = XXH64()
        try each { sum.update($0) }
        header[checksumPlace / 8] = sum.finish()
        let file = try AtomicFile(in: folder)
        try each(file.write)
        try file.commit(to: folder + "/spans")
    }

    private static func check(_ count: Int, _ digests: [Digest]) throws {
        guard count > 0, count == digests.count else {
            throw HermesError(.corrupt, "the index has \(digests.count) span digests for \(count) spans")
        }
    }
}
