import FoundationEssentials
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// The zTOC's writer and view against each other, Google's builder and flatc.
@Suite struct ZTOCTests {
    /// With few entries, with more than fit in one chunk of the store, with many spans, with none of anything.
    static let samples = [
        ZTOCSample(entryCount: 0, spanCount: 1, gzip: true, seed: 1),
        ZTOCSample(entryCount: 1, spanCount: 1, gzip: true, seed: 2),
        ZTOCSample(entryCount: 300, spanCount: 5, gzip: true, seed: 3),
        ZTOCSample(entryCount: 301, spanCount: 7, gzip: false, seed: 4),
        ZTOCSample(entryCount: 4000, spanCount: 2, gzip: true, seed: 5),
        ZTOCSample(entryCount: 17, spanCount: 1, gzip: false, seed: 6),
    ]

    @Test(arguments: 0..<samples.count) func isReadAsWritten(index: Int) throws {
        let sample = Self.samples[index]
        try sample.written().withUnsafeBytes { bytes in
            let view = try ZTOCView(bytes)
            try view.validate()
            #expect(view.version.elementsEqual("0.9".utf8))
            #expect(view.buildTool.elementsEqual("AWS SOCI CLI v0.2".utf8))
            #expect(view.compressedSize == sample.layer.compressedSize)
            #expect(view.uncompressedSize == sample.layer.uncompressedArchiveSize)
            #expect(view.compression == (sample.checkpoints == nil ? .uncompressed : .gzip))
            #expect(view.maxSpanID == Int32(sample.layer.spanDigests.count - 1))
            #expect(try view.spanDigests() == sample.layer.spanDigests)
            #expect(try view.spanSize() == sample.spanSize)
            if let checkpoints = sample.checkpoints { #expect(view.checkpoints.elementsEqual(checkpoints)) }
            #expect(try view.allEntries() == sample.entries)
        }
    }

    @Test(arguments: 0..<samples.count) func hasTheBytesOfGooglesBuilder(index: Int) throws {
        let sample = Self.samples[index]
        try TestTool.withFolder { folder in
            try TestTool.write(sample.description(), to: folder + "/layer.json")
            try TestTool.run([
                TestTool.python, Fixture.path("ztoc-build.py"), folder + "/layer.json",
                folder + "/ztoc",
            ])
            let expected = try TestTool.read(folder + "/ztoc")
            let written = try sample.written()
            #expect(written.count == expected.count)
            let difference = zip(written, expected).enumerated().first { $0.element.0 != $0.element.1 }
            #expect(difference == nil, "byte \(String(describing: difference?.offset)) of \(expected.count)")
        }
    }

    /// What flatc says in JSON.
    private struct Decoded: Codable, Equatable {
        struct Record: Codable, Equatable { var key, value: String }
        struct Entry: Codable, Equatable {
            var name, type: String
            var uncompressed_offset, uncompressed_size: Int64
            var linkname: String
            var mode: Int64
            var uid, gid: UInt32
            var uname, gname, mod_time: String
            var devmajor, devminor: Int64
            var xattrs: [Record]
        }
        struct TOC: Codable, Equatable { var metadata: [Entry] }
        struct CompressionInfo: Codable, Equatable {
            var compression_algorithm: String
            var max_span_id: Int32
            var span_digests: [String]
            var checkpoints: [UInt8]
        }
        var version, build_tool_identifier: String
        var compressed_archive_size, uncompressed_archive_size: Int64
        var toc: TOC
        var compression_info: CompressionInfo

        init(_ sample: ZTOCSample) {
            version = "0.9"
            build_tool_identifier = "AWS SOCI CLI v0.2"
            compressed_archive_size = sample.layer.compressedSize
            uncompressed_archive_size = sample.layer.uncompressedArchiveSize
            toc = TOC(
                metadata: sample.entries.map { entry in
                    var time: [UInt8] = []
                    RFC3339.format(entry.modificationTime, into: &time)
                    return Entry(
                        name: entry.name.text, type: entry.kind.ztocName.description,
                        uncompressed_offset: entry.dataOffset, uncompressed_size: entry.size,
                        linkname: entry.linkName.text, mode: entry.mode, uid: entry.uid, gid: entry.gid,
                        uname: entry.uname.text, gname: entry.gname.text, mod_time: time.text,
                        devmajor: entry.deviceMajor, devminor: entry.deviceMinor,
                        xattrs: entry.paxRecords.map { Record(key: $0.key.text, value: $0.value.text) })
                })
            compression_info = CompressionInfo(
                compression_algorithm: sample.checkpoints == nil ? "Uncompressed" : "Gzip",
                max_span_id: Int32(sample.layer.spanDigests.count - 1),
                span_digests: sample.layer.spanDigests.map(\.description),
                checkpoints: sample.checkpoints
                    ?? (try? TarZinfo(spanSize: sample.spanSize, size: sample.layer.compressedSize).encoded())
                    ?? [])
        }
    }

    @Test(arguments: [true, false]) func flatcReadsIt(gzip: Bool) throws {
        let sample = ZTOCSample(entryCount: 200, spanCount: 2, gzip: gzip, seed: 7, onlyText: true)
        try TestTool.withFolder { folder in
            try TestTool.write(sample.written(), to: folder + "/layer.ztoc")
            try TestTool.run([
                "flatc", "--json", "--strict-json", "--defaults-json", "--raw-binary", "-o", folder,
                Fixture.path("ztoc.fbs"), "--", folder + "/layer.ztoc",
            ])
            let json = try TestTool.read(folder + "/layer.json")
            #expect(try JSONDecoder().decode(Decoded.self, from: Data(json)) == Decoded(sample))
        }
    }

    @Test(arguments: [true, false]) func readsWhatFlatcBuilds(gzip: Bool) throws {
        let sample = ZTOCSample(entryCount: 200, spanCount: 2, gzip: gzip, seed: 8, onlyText: true)
        try TestTool.withFolder { folder in
            try TestTool.write(Array(JSONEncoder().encode(Decoded(sample))), to: folder + "/layer.json")
            try TestTool.run([
                "flatc", "--binary", "-o", folder, Fixture.path("ztoc.fbs"), folder + "/layer.json",
            ])
            try TestTool.read(folder + "/layer.bin").withUnsafeBytes { bytes in
                let view = try ZTOCView(bytes)
                try view.validate()
                #expect(try view.allEntries() == sample.entries)
                #expect(try view.spanDigests() == sample.layer.spanDigests)
                #expect(try view.spanSize() == sample.spanSize)
            }
        }
    }

    @Test func flatcReadsTarZinfo() throws {
        let zinfo = try TarZinfo(spanSize: 1 << 22, size: 12_345_678)
        #expect(zinfo.spanCount == 3)
        try TestTool.withFolder { folder in
            try TestTool.write(zinfo.encoded(), to: folder + "/spans.bin")
            try TestTool.run([
                "flatc", "--json", "--strict-json", "--raw-binary", "-o", folder,
                Fixture.path("zinfo.fbs"),
                "--", folder + "/spans.bin",
            ])
            let json = try JSONDecoder().decode(
                [String: Int64].self, from: Data(TestTool.read(folder + "/spans.json")))
            #expect(json == ["version": 2, "span_size": 1 << 22, "size": 12_345_678])
        }
        #expect(try zinfo.encoded().withUnsafeBytes { try TarZinfo(decoding: $0) } == zinfo)
        for (spanSize, size) in [(0, 1), (-1, 1), (1, -1), (1, Int64.max)] as [(Int64, Int64)] {
            #expect(throws: HermesError.self) { try TarZinfo(spanSize: spanSize, size: size) }
        }
    }

    @Test func checksWhatIsWritten() throws {
        let sample = ZTOCSample(entryCount: 3, spanCount: 1, gzip: true, seed: 9)
        var writer = ZTOCWriter()
        for entry in sample.entries { try writer.append(entry) }
        for size in [99, 101] as [Int64] {
            #expect(throws: HermesError.self) {
                try writer.writeGzip(
                    sample.layer, checkpointSize: size,
                    checkpoints: { try [UInt8](repeating: 1, count: 100).withUnsafeBytes($0) }, to: { _ in })
            }
        }
        #expect(throws: HermesError.self) {
            try writer.writeGzip(sample.layer, checkpointSize: 1 << 31, checkpoints: { _ in }, to: { _ in })
        }
        // Two spans, but one digest.
        let spanSize = sample.layer.compressedSize / 2 + 1
        #expect(throws: HermesError.self) {
            try writer.writeUncompressed(sample.layer, spanSize: spanSize, to: { _ in })
        }
    }

    @Test func knowsWhenAttributesCanBeDisabled() throws {
        func canDisable(_ entries: [TarEntry]) throws -> Bool {
            var writer = ZTOCWriter()
            for entry in entries { try writer.append(entry) }
            return writer.canDisableXattrs
        }
        let mtime = PAXRecord(key: Array("mtime".utf8), value: Array("1.5".utf8))
        let plain = TarEntry(
            name: Array("a/.wh.b".utf8), kind: .regular, paxRecords: [mtime], dataOffset: 512, size: 0)
        let opaque = TarEntry(name: Array("a/.wh..wh..opq".utf8), kind: .regular, dataOffset: 512, size: 0)
        let xattr = PAXRecord(key: Array("SCHILY.xattr.user.a".utf8), value: [])
        let attributed = TarEntry(name: [], kind: .directory, paxRecords: [xattr], dataOffset: 512, size: 0)
        #expect(try canDisable([]))
        #expect(try canDisable([plain]))
        #expect(try !canDisable([opaque, plain]))
        #expect(try !canDisable([plain, attributed]))
    }
}
