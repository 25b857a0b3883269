import HermesTestKit
import Testing

@testable import HermesCore

/// Parses an archive in pieces of `piece` bytes.
func parseTar(_ bytes: [UInt8], piece: Int = Int.max) throws -> (entries: [TarEntry], archiveSize: Int64) {
    var parser = TarParser()
    var entries: [TarEntry] = []
    try bytes.withUnsafeBytes { buffer in
        var start = 0
        while start < buffer.count {
            let count = min(piece, buffer.count - start)
            try parser.consume(UnsafeRawBufferPointer(rebasing: buffer[start..<(start + count)])) {
                entries.append($0)
            }
            start += count
        }
    }
    try parser.finish()
    return (entries, parser.archiveSize)
}

extension TarEntry {
    /// The line that tar-dump.py prints for the entry.
    var dump: String {
        func text(_ bytes: [UInt8]) -> String { bytes.isEmpty ? "-" : bytes.hex }
        var name = name[...]
        while name.last == UInt8(ascii: "/") { name.removeLast() }
        let time = modificationTime
        let mapLength = paxRecords["HERMES.sparse.dataoffset"].map { Int64($0.text) ?? -1 } ?? 0
        var sparse = "-"
        if let size = paxRecords["GNU.sparse.realsize"], let map = paxRecords["GNU.sparse.map"] {
            // tarfile leaves out stretches of no bytes, which GNU tar ends a map with, only in one of the formats.
            let numbers = map.text.split(separator: ",")
            let stretches = stride(from: 0, to: numbers.count, by: 2).map { numbers[$0...($0 + 1)] }
                .filter { $0.last != "0" }
            sparse = size.text + ":" + stretches.map { $0.joined(separator: ",") }.joined(separator: ",")
        }
        let records = paxRecords.filter { !$0.key.text.contains(".sparse.") }
            .map { "\($0.key.hex)=\($0.value.hex)" }.sorted().joined(separator: ";")
        return
            "\(kind) \(text(Array(name))) \(text(linkName)) \(mode) \(uid) \(gid) \(text(uname)) \(text(gname)) "
            + "\(time.seconds) \(time.nanoseconds) \(deviceMajor) \(deviceMinor) \(dataOffset + mapLength) "
            + "\(size - mapLength) \(sparse) \(records.isEmpty ? "-" : records)"
    }
}

/// Makes tar headers, right or wrong.
struct TarBlock {
    var bytes = [UInt8](repeating: 0, count: 512)

    init(_ name: String, type: Character = "0", size: String = "0", magic: String = "ustar\u{0}00") {
        set(0, name)
        set(100, "0000644")
        set(108, "0000000")
        set(116, "0000000")
        set(124, size)
        set(136, "00000000000")
        if let code = type.asciiValue { bytes[156] = code }
        set(257, magic)
    }

    mutating func set(_ offset: Int, _ text: String) { set(offset, Array(text.utf8)) }

    mutating func set(_ offset: Int, _ field: [UInt8]) {
        bytes.replaceSubrange(offset..<(offset + field.count), with: field)
    }

    /// The header with its checksum.
    var sealed: [UInt8] {
        var copy = self
        copy.set(148, "        ")
        let sum = copy.bytes.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        copy.set(148, String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} ")
        return copy.bytes
    }

    /// A header of type `type` with `body`, padded.
    static func file(_ name: String, type: Character = "0", _ body: [UInt8]) -> [UInt8] {
        TarBlock(name, type: type, size: String(body.count, radix: 8)).sealed + body
            + [UInt8](repeating: 0, count: (512 - body.count % 512) % 512)
    }

    /// A PAX header with `records`.
    static func pax(_ records: [(String, String)], type: Character = "x") -> [UInt8] {
        var body: [UInt8] = []
        for (key, value) in records {
            let rest = key.utf8.count + value.utf8.count + 3
            var length = rest + 1
            while String(length).count + rest != length { length += 1 }
            body += Array("\(length) \(key)=\(value)\n".utf8)
        }
        return file("pax", type: type, body)
    }

    static let end = [UInt8](repeating: 0, count: 1024)
}
