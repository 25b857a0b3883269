import FoundationEssentials
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// A layer's description, from which the writer and other builders make a zTOC.
struct ZTOCSample {
    var entries: [TarEntry]
    var layer: ZTOCWriter.Layer
    /// Checkpoints of a gzip layer; nil for an uncompressed one.
    var checkpoints: [UInt8]?
    var spanSize: Int64

    /// Entries of all kinds and sizes, with every field zero in some of them, in an archive that could be.
    init(entryCount: Int, spanCount: Int, gzip: Bool, seed: UInt64, onlyText: Bool = false) {
        var random = SeededGenerator(seed: seed)
        func text(_ limit: Int) -> [UInt8] {
            let count = Int.random(in: 0...limit, using: &random)
            let range: ClosedRange<UInt8> = onlyText ? 0x20...0x7e : 0x01...0xff
            return (0..<count).map { _ in UInt8.random(in: range, using: &random) }
        }
        func number(_ bound: Int64) -> Int64 {
            Bool.random(using: &random) ? 0 : Int64.random(in: 0...bound, using: &random)
        }
        entries = []
        var end: Int64 = 0
        for index in 0..<entryCount {
            let kind = TarEntry.Kind.allCases.randomElement(using: &random) ?? .regular
            var records: [PAXRecord] = []
            for _ in 0..<Int.random(in: 0...3, using: &random) where Bool.random(using: &random) {
                records.set("SCHILY.xattr.user.\(Int.random(in: 0...99, using: &random))", text(50))
            }
            let offset = end + 512 * Int64.random(in: 1...3, using: &random)
            let size = kind == .regular ? number(100_000) : 0
            end = (offset + size + 511) / 512 * 512
            let isDevice = kind == .characterDevice || kind == .blockDevice
            entries.append(
                TarEntry(
                    name: index % 7 == 0 ? [] : text(80), linkName: text(index % 3 == 0 ? 60 : 0), kind: kind,
                    mode: number(0o7777), uid: UInt32(number(Int64(UInt32.max))), gid: UInt32(number(70_000)),
                    uname: text(9), gname: text(9),
                    modificationTime: Timestamp(
                        seconds: Int64.random(in: -62_135_596_800...253_402_300_799, using: &random),
                        nanoseconds: Int32(number(999_999_999))),
                    deviceMajor: isDevice ? number(255) : 0, deviceMinor: isDevice ? number(255) : 0,
                    paxRecords: records, dataOffset: offset, size: size))
        }
        spanSize = 4 << 20
        let compressedSize = gzip ? end / 1000 + 1024 + number(1 << 40) : Int64(spanCount) * spanSize - 17
        layer = ZTOCWriter.Layer(
            compressedSize: compressedSize, uncompressedArchiveSize: end + 1024,
            spanDigests: (0..<spanCount).map { Digest.of(Array("span \($0)".utf8)) })
        guard gzip else { return }
        var blob: [UInt8] = []
        withUnsafeBytes(of: Int32(spanCount).littleEndian) { blob += $0 }
        withUnsafeBytes(of: spanSize.littleEndian) { blob += $0 }
        for _ in 0..<(spanCount * 32_785) { blob.append(UInt8.random(in: 0...255, using: &random)) }
        checkpoints = blob
    }

    /// The zTOC that the writer makes, and what it says is its size.
    func written() throws -> [UInt8] {
        var writer = ZTOCWriter()
        for entry in entries { try writer.append(entry) }
        #expect(writer.entryCount == entries.count)
        var output: [UInt8] = []
        let size: Int64
        if let checkpoints {
            size = try writer.writeGzip(layer, checkpointSize: Int64(checkpoints.count)) { sink in
                // In pieces, as a gzip index has it.
                for start in stride(from: 0, to: checkpoints.count, by: 10_000) {
                    try Array(checkpoints[start..<min(start + 10_000, checkpoints.count)]).withUnsafeBytes {
                        try sink($0)
                    }
                }
            } to: {
                output += $0
            }
        } else {
            size = try writer.writeUncompressed(layer, spanSize: spanSize) { output += $0 }
        }
        #expect(size == Int64(output.count))
        return output
    }

    private struct Description: Encodable {
        struct Entry: Encodable {
            var name, type, linkname, uname, gname, mod_time: String
            var uncompressed_offset, uncompressed_size, mode, devmajor, devminor: Int64
            var uid, gid: UInt32
            var xattrs: [[String]]
        }
        var algorithm: Int8
        var compressed_size, uncompressed_size, span_size: Int64
        var digests: [String]
        var checkpoints: String
        var entries: [Entry]
    }

    /// The description that ztoc-build.py reads.
    func description() throws -> [UInt8] {
        let entries = entries.map { entry in
            var time: [UInt8] = []
            RFC3339.format(entry.modificationTime, into: &time)
            return Description.Entry(
                name: entry.name.hex, type: entry.kind.ztocName.withUTF8Buffer { Array($0) }.hex,
                linkname: entry.linkName.hex, uname: entry.uname.hex, gname: entry.gname.hex,
                mod_time: time.hex,
                uncompressed_offset: entry.dataOffset, uncompressed_size: entry.size, mode: entry.mode,
                devmajor: entry.deviceMajor, devminor: entry.deviceMinor, uid: entry.uid, gid: entry.gid,
                xattrs: entry.paxRecords.map { [$0.key.hex, $0.value.hex] })
        }
        let description = Description(
            algorithm: checkpoints == nil ? 2 : 1, compressed_size: layer.compressedSize,
            uncompressed_size: layer.uncompressedArchiveSize, span_size: spanSize,
            digests: layer.spanDigests.map(\.description), checkpoints: (checkpoints ?? []).hex,
            entries: entries)
        return Array(try JSONEncoder().encode(description))
    }
}

extension ZTOCView {
    /// All entries, copied.
    func allEntries() throws -> [TarEntry] {
        try (0..<entryCount).map { try TarEntry(entry($0)) }
    }
}
