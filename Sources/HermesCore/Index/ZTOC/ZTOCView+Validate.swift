import HermesSupport

extension ZTOCView {
    /// The size of a checkpoint in a gzip layer's blob, in bytes: two int64, a byte, and a window of 32 KiB.
    private static let checkpointSize = 32_785

    /// Checks all values of the zTOC against each other, so that code that uses them need not.
    ///
    /// Afterwards: sizes are not negative, and that of the archive is one that the blob can have; there is one span digest,
    /// and one checkpoint, for each span; spans, entries and texts are not more than the archive can have; every entry can
    /// be read, lies inside the archive, and begins after the one before it ends. Throws `corrupt`, or `unsupported` for an
    /// unknown version and for tiny spans. Reads every entry once.
    package func validate() throws {
        guard version.elementsEqual(ZTOC.version.utf8) else {
            throw HermesError(
                .unsupported,
                "the zTOC has the unknown version \"\(String(decoding: version.prefix(20), as: UTF8.self).printable(20))\""
            )
        }
        guard compressedSize >= 0, uncompressedSize >= 0, isPossibleSize else {
            throw HermesError(
                .corrupt,
                "the zTOC describes an archive of \(uncompressedSize) bytes in a blob of \(compressedSize) bytes")
        }
        guard maxSpanID >= -1, spanCount == Int(maxSpanID) + 1 else {
            throw HermesError(
                .corrupt, "the zTOC has \(spanCount) digests, but its last span is \(maxSpanID)")
        }
        try validateCheckpoints()
        try validateSpanCount()
        for index in 0..<spanCount { _ = try spanDigest(index) }
        try validateEntries()
    }

    /// Whether so few bytes can hold so many: deflate packs at most 1032 bytes into one (zlib's technical details).
    private var isPossibleSize: Bool {
        switch compression {
        case .gzip: uncompressedSize / 1032 <= compressedSize
        case .uncompressed: uncompressedSize <= compressedSize
        }
    }

    /// Checks that spans are not too many for the layer, and that they do not share digests, which builders never do: a
    /// small zTOC would then compile to a large file.
    private func validateSpanCount() throws {
        let count = Int64(spanCount)
        guard count - ZTOC.freeSpans <= max(compressedSize, uncompressedSize) / ZTOC.leastSpan else {
            throw HermesError(
                .unsupported, "the zTOC has \(count) spans for \(max(compressedSize, uncompressedSize)) bytes",
                advice: "build the index again with a larger --span-size")
        }
        // A digest is stored as its length, 71 characters and a NUL; `count` has 32 bits.
        guard count * 76 <= Int64(byteCount) else {
            throw HermesError(.corrupt, "the zTOC of \(byteCount) bytes cannot hold \(count) digests")
        }
    }

    private func validateCheckpoints() throws {
        switch compression {
        case .gzip:
            let count = Int(try gzipHeader().count)
            // All checkpoints are stored, or (by early builders) all but the first. No overflow: `count` has 31 bits.
            let stored = (checkpoints.count - 12) / Self.checkpointSize
            guard (checkpoints.count - 12) % Self.checkpointSize == 0, stored == count || stored + 1 == count,
                count == spanCount
            else {
                throw HermesError(
                    .corrupt,
                    "the zTOC has \(count) checkpoints in \(checkpoints.count) bytes for \(spanCount) spans")
            }
        case .uncompressed:
            let spans = try TarZinfo(decoding: checkpoints)
            guard spans.spanCount == Int64(spanCount), spans.size == compressedSize else {
                throw HermesError(
                    .corrupt,
                    "the zTOC has \(spanCount) spans of \(spans.spanSize) bytes for \(compressedSize) bytes")
            }
        }
    }

    private func validateEntries() throws {
        guard Int64(entryCount) <= uncompressedSize / Int64(TarHeader.blockSize) else {
            throw HermesError(
                .corrupt, "the zTOC has \(entryCount) entries in an archive of \(uncompressedSize) bytes")
        }
        // Where the headers of the next entry begin.
        var end: Int64 = 0
        // How many bytes of the zTOC the entries' texts may still take.
        var rest = byteCount
        let block = Int64(TarHeader.blockSize)
        for index in 0..<entryCount {
            let entry = try entry(index)
            guard entry.dataOffset >= 0, entry.size >= 0, entry.dataOffset <= uncompressedSize,
                entry.size <= uncompressedSize - entry.dataOffset, entry.dataOffset - end >= block
            else {
                throw HermesError(
                    .corrupt,
                    "the zTOC's entry \(index) has \(entry.size) bytes at \(entry.dataOffset), which is impossible"
                )
            }
            try validateTexts(of: entry, &rest)
            _ = try entry.sparse()
            let dataEnd = entry.dataOffset + entry.size
            // The archive may end without padding. Int64.max cannot be the size of an archive, and stays as it is.
            end = dataEnd > Int64.max - block ? dataEnd : (dataEnd + block - 1) & ~(block - 1)
        }
        // A zTOC has the texts of the archive's headers, a name perhaps also as a PAX record, and the maps of sparse files,
        // whose binary numbers became text.
        guard Int64(byteCount - rest) / 4 <= uncompressedSize else {
            throw HermesError(
                .corrupt, "the texts of the zTOC are larger than an archive of \(uncompressedSize) bytes can have")
        }
    }

    /// Checks that entries do not share texts or records, which builders never do: a small zTOC whose entries all refer
    /// to the same large ones would keep a reader busy for ever.
    private func validateTexts(of entry: Entry, _ rest: inout Int) throws {
        // No overflow: each is at most `byteCount`, which is the size of something in memory.
        rest -= entry.name.count + entry.linkName.count + entry.uname.count + entry.gname.count
        rest -= 4 * entry.recordCount
        guard rest >= 0 else { throw Self.shared }
        for index in 0..<entry.recordCount {
            let record = try entry.record(index)
            rest -= record.key.count + record.value.count
            guard rest >= 0 else { throw Self.shared }
        }
    }

    private static var shared: HermesError {
        HermesError(.corrupt, "the texts of the zTOC's entries are larger than the zTOC")
    }
}
