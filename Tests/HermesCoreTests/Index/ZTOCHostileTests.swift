import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Damaged and hostile zTOCs: reading them throws or returns, and never reads outside of the bytes.
@Suite struct ZTOCHostileTests {
    /// Reads everything there is to read.
    private func readAll(_ bytes: UnsafeRawBufferPointer) throws {
        let view = try ZTOCView(bytes)
        _ = try? view.spanSize()
        _ = try? view.spanDigests()
        for index in 0..<min(view.entryCount, 1000) { _ = try? TarEntry(view.entry(index)) }
        try view.validate()
    }

    /// Reads bytes that end where memory that can be read ends, so that one byte too far is found by a sanitizer; in
    /// any build, a wrong length traps in Swift.
    private func readAll(_ bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        _ = try? readAll(UnsafeRawBufferPointer(copy))
    }

    /// Of an uncompressed layer, so that there are no windows, whose bytes nothing looks at.
    private static let sample =
        (try? ZTOCSample(entryCount: 20, spanCount: 3, gzip: false, seed: 11).written()) ?? []

    @Test func sampleIsValid() throws {
        try Self.sample.withUnsafeBytes { try readAll($0) }
    }

    @Test func survivesTruncation() throws {
        for count in 0..<Self.sample.count { readAll(Array(Self.sample[..<count])) }
        #expect(Self.sample.count > 1000)
        #expect(throws: HermesError.self) { try [UInt8]().withUnsafeBytes { try ZTOCView($0) } }
    }

    @Test func survivesChangedBytes() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<6000 {
            var bytes = Self.sample
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] =
                    [0, 1, 0x7f, 0x80, 0xff, bytes[index] ^ 4, bytes[index] &+ 1].randomElement(
                        using: &random) ?? 0
            }
            readAll(bytes)
        }
    }

    @Test func survivesChangedReferences() {
        // Every aligned word replaced by what is likely to overflow, to lead outside, or to lead back.
        for index in stride(from: 0, to: Self.sample.count - 4, by: 4) {
            for word in [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fffc, UInt32(Self.sample.count)] {
                var bytes = Self.sample
                withUnsafeBytes(of: word.littleEndian) {
                    bytes.replaceSubrange(index..<(index + 4), with: $0)
                }
                readAll(bytes)
            }
        }
    }

    @Test func survivesNoise() {
        var random = SeededGenerator(seed: 13)
        for count in 0..<2000 {
            readAll(
                (0..<count % 200).map { _ in UInt8.random(in: 0...(count % 3 == 0 ? 255 : 12), using: &random)
                })
        }
    }

    /// Checks that a zTOC can be written and opened, but is not valid.
    private func expectInvalid(
        gzip: Bool = true, _ reason: String, location: SourceLocation = #_sourceLocation,
        _ change: (inout ZTOCSample) -> Void
    ) throws {
        var sample = ZTOCSample(entryCount: 10, spanCount: 2, gzip: gzip, seed: 14)
        for index in sample.entries.indices {
            sample.entries[index].kind = .regular
            sample.entries[index].dataOffset = 1024 * Int64(index) + 512
            sample.entries[index].size = 5
        }
        sample.layer.uncompressedArchiveSize = 1 << 20
        change(&sample)
        let bytes = try sample.written()
        let error = #expect(throws: HermesError.self, sourceLocation: location) {
            try bytes.withUnsafeBytes { try ZTOCView($0).validate() }
        }
        #expect(
            error?.message.contains(reason) == true, "\(String(describing: error))", sourceLocation: location)
    }

    @Test func refusesWhatCannotBe() throws {
        try expectInvalid("entry 3") { $0.entries[3].size = -1 }
        try expectInvalid("entry 3") { $0.entries[3].size = .max }
        try expectInvalid("entry 4") {
            $0.entries[3].size = $0.entries[4].dataOffset - $0.entries[3].dataOffset
        }
        try expectInvalid("entry 3") { $0.entries[3].dataOffset = -512 }
        try expectInvalid("entry 3") { $0.entries[3].dataOffset = .min }
        try expectInvalid("entry 9") { $0.entries[9].dataOffset = .max }
        try expectInvalid("entry 0") { $0.entries[0].dataOffset = 0 }
        try expectInvalid("entry") { $0.entries.swapAt(1, 2) }
        try expectInvalid("archive of -1") { $0.layer.uncompressedArchiveSize = -1 }
        try expectInvalid("blob of -5 bytes") { $0.layer.compressedSize = -5 }
        try expectInvalid("archive of 1033032 bytes in a blob of 1000 bytes") {
            $0.layer.compressedSize = 1000
            $0.layer.uncompressedArchiveSize = 1_033_032
        }
        try expectInvalid("archive of \(Int64.max)") { $0.layer.uncompressedArchiveSize = .max }
        try expectInvalid(gzip: false, "archive of \(Int64.max)") { $0.layer.uncompressedArchiveSize = .max }
        try expectInvalid("checkpoints") { $0.checkpoints?.append(0) }
        try expectInvalid("cut off") { $0.checkpoints = [1, 2] }
        try expectInvalid("checkpoints") { $0.checkpoints?.replaceSubrange(0..<4, with: [9, 0, 0, 0]) }
        try expectInvalid("checkpoints") {
            $0.checkpoints?.replaceSubrange(4..<12, with: [UInt8](repeating: 0, count: 8))
        }
        try expectInvalid("2 checkpoints") { $0.layer.spanDigests.removeLast() }
    }

    /// Go's archive/tar reports what the header of a link says, though no data follow.
    @Test func ignoresTheSizeOfLinks() throws {
        var sample = ZTOCSample(entryCount: 3, spanCount: 1, gzip: true, seed: 16)
        sample.entries[1].kind = .hardLink
        sample.entries[1].size = 1 << 40
        try sample.written().withUnsafeBytes { bytes in
            let view = try ZTOCView(bytes)
            try view.validate()
            #expect(try view.entry(1).size == 0)
        }
    }

    /// Early builders did not store the first checkpoint.
    @Test func acceptsTheOlderCheckpoints() throws {
        var sample = ZTOCSample(entryCount: 2, spanCount: 2, gzip: true, seed: 15)
        sample.checkpoints?.removeLast(32_785)
        try sample.written().withUnsafeBytes { try ZTOCView($0).validate() }
    }

    @Test func readsSparseFiles() throws {
        var sample = ZTOCSample(entryCount: 3, spanCount: 1, gzip: true, seed: 17)
        sample.entries[2].kind = .regular
        sample.entries[2].size = 612
        sample.layer.uncompressedArchiveSize += 1024
        var records: [PAXRecord] = []
        records.set("GNU.sparse.map", Array("10,60,900,40,1000,0".utf8))
        records.set("GNU.sparse.realsize", Array("1000".utf8))
        records.set("HERMES.sparse.dataoffset", Array("512".utf8))
        let start = sample.entries[2].dataOffset + 512
        func read(_ records: [PAXRecord]) throws -> ZTOCView.Entry.Sparse? {
            sample.entries[2].paxRecords = records
            return try sample.written().withUnsafeBytes { bytes in
                let view = try ZTOCView(bytes)
                try view.validate()
                return try view.entry(2).sparse()
            }
        }
        typealias Stretch = ZTOCView.Entry.Sparse.Stretch
        #expect(
            try read(records)
                == ZTOCView.Entry.Sparse(
                    fileSize: 1000,
                    stretches: [
                        Stretch(offset: 10, length: 60, archiveOffset: start),
                        Stretch(offset: 900, length: 40, archiveOffset: start + 60),
                        Stretch(offset: 1000, length: 0, archiveOffset: start + 100),
                    ]))
        #expect(try read([]) == nil)
        for (key, value) in [
            ("GNU.sparse.map", "10,60,900,41"), ("GNU.sparse.map", "10"), ("GNU.sparse.realsize", "939"),
            ("GNU.sparse.realsize", ""), ("HERMES.sparse.dataoffset", "-512"),
            ("HERMES.sparse.dataoffset", "x"),
            ("HERMES.sparse.dataoffset", "9223372036854775807"),
        ] {
            var changed = records
            changed.set(key, Array(value.utf8))
            #expect(throws: HermesError.self, "\(key)=\(value)") { try read(changed) }
        }
        // As other tools index such files.
        let error = #expect(throws: HermesError.self) {
            try read(records.filter { $0.key != records[0].key })
        }
        #expect(error?.code == .unsupported)
    }

    @Test func refusesTinySpans() throws {
        for (count, size, isValid) in [(1024, 1, true), (1034, 1, false), (1034, 4096, true)] as [(Int, Int64, Bool)] {
            var sample = ZTOCSample(entryCount: 0, spanCount: count, gzip: false, seed: 19)
            sample.spanSize = size
            sample.layer.compressedSize = Int64(count) * size
            sample.layer.uncompressedArchiveSize = min(1024, sample.layer.compressedSize)
            let bytes = try sample.written()
            let result = Result { try bytes.withUnsafeBytes { try ZTOCView($0).validate() } }
            if case .failure(let error) = result {
                #expect(!isValid && (error as? HermesError)?.code == .unsupported, "\(error)")
            } else {
                #expect(isValid, "\(count) spans of \(size) bytes")
            }
        }
    }

    @Test func refusesSharedDigests() throws {
        func ztoc(spans count: Int) -> [UInt8] {
            var builder = FlatBufferBuilder()
            let version = builder.string(ZTOC.version)
            let digest = builder.string(Digest.of([]).description)
            let digests = builder.vector(of: Array(repeating: digest, count: count))
            let size = Int64(count) * 4096
            let zinfo = (try? TarZinfo(spanSize: 4096, size: size).encoded()) ?? []
            let checkpoints = zinfo.withUnsafeBytes { builder.string($0) }
            builder.startTable(slotCount: ZTOC.Slot.CompressionInfo.count)
            builder.add(ZTOC.Slot.CompressionInfo.maxSpanID, Int32(count - 1))
            builder.add(ZTOC.Slot.CompressionInfo.spanDigests, reference: digests)
            builder.add(ZTOC.Slot.CompressionInfo.checkpoints, reference: checkpoints)
            builder.add(ZTOC.Slot.CompressionInfo.algorithm, ZTOC.Compression.uncompressed.rawValue, default: 1)
            let info = builder.endTable()
            builder.startTable(slotCount: ZTOC.Slot.TableOfContents.count)
            let contents = builder.endTable()
            builder.startTable(slotCount: ZTOC.Slot.Root.count)
            builder.add(ZTOC.Slot.Root.version, reference: version)
            builder.add(ZTOC.Slot.Root.toc, reference: contents)
            builder.add(ZTOC.Slot.Root.compressedSize, size)
            builder.add(ZTOC.Slot.Root.uncompressedSize, size)
            builder.add(ZTOC.Slot.Root.compressionInfo, reference: info)
            let root = builder.endTable()
            builder.finish(root: root)
            return builder.take { Array($0) }
        }
        try ztoc(spans: 2).withUnsafeBytes { try ZTOCView($0).validate() }
        let error = #expect(throws: HermesError.self) {
            try ztoc(spans: 5000).withUnsafeBytes { try ZTOCView($0).validate() }
        }
        #expect(error?.message.contains("cannot hold 5000 digests") == true, "\(String(describing: error))")
    }

    /// An archive has a header for each entry, and has the texts that the entries have.
    @Test func refusesMoreThanTheArchiveHas() throws {
        try expectInvalid("10 entries in an archive of 5119 bytes") { $0.layer.uncompressedArchiveSize = 5119 }
        try expectInvalid("larger than an archive of 11264 bytes") {
            $0.layer.uncompressedArchiveSize = 11_264
            $0.entries[0].name = [UInt8](repeating: 0x61, count: 45_100)
        }
    }

    @Test func refusesAnIndexOutOfProportion() throws {
        let image = try IndexedImage([(LayerArchive.make { $0.file("a") }, .gzip(.gzip6))], spanSize: 4096)
        var index = try image.files().index
        // Nothing of it is opened, or downloaded.
        func use(size: Int64) throws {
            index.layers[0].size = size
            _ = try IndexFiles(digest: .of([]), index: index, image: image.image, leftOut: nil) { _ in
                throw HermesError(.interrupted, "it is opened")
            }
        }
        let most = 16 << 20 + 128 * image.image.layers[0].descriptor.size
        #expect { try use(size: most) } throws: { ($0 as? HermesError)?.code == .interrupted }
        #expect { try use(size: most + 1) } throws: { ($0 as? HermesError)?.code == .corrupt }
    }

    @Test func aTableOfContentsHasABound() throws {
        let value = [UInt8](repeating: 0x61, count: 1 << 20)
        func append(_ count: Int, blobSize: Int64) throws {
            var writer = ZTOCWriter()
            writer.blobSize = blobSize
            for number in 0..<count {
                try writer.append(
                    TarEntry(
                        name: [0x62], kind: .regular, paxRecords: [PAXRecord(key: [0x63], value: value)],
                        dataOffset: Int64(number) << 21, size: 0))
            }
        }
        try append(15, blobSize: 0)
        let error = #expect(throws: HermesError.self) { try append(16, blobSize: 0) }
        #expect(error?.code == .unsupported)
        try append(20, blobSize: 1 << 18)
    }

    @Test func refusesSharedTexts() throws {
        // Every entry's name is made to be the same long one.
        var sample = ZTOCSample(entryCount: 200, spanCount: 1, gzip: true, seed: 18, onlyText: true)
        sample.checkpoints = Array(sample.checkpoints?.prefix(12) ?? [])
        for index in sample.entries.indices {
            sample.entries[index].name =
                index == 0 ? [UInt8](repeating: 0x61, count: 3000) : Array("entry".utf8)
            sample.entries[index].paxRecords = []
        }
        var bytes = try sample.written()
        let marker = Array("\u{5}\u{0}\u{0}\u{0}entry\u{0}".utf8)
        for start in bytes.indices.dropLast(marker.count)
        where bytes[start..<(start + marker.count)].elementsEqual(marker) {
            // A length that still lies inside the zTOC.
            bytes[start + 1] = 0x04
        }
        let error = #expect(throws: HermesError.self) {
            try bytes.withUnsafeBytes { try ZTOCView($0).validate() }
        }
        #expect(error?.message.contains("larger than the zTOC") == true, "\(String(describing: error))")
    }
}
