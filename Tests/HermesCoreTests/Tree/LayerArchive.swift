@testable import HermesCore

/// Builds the tar archive of a layer, entry by entry, with names and attributes of any bytes.
struct LayerArchive {
    private(set) var bytes: [UInt8] = []

    /// The archive with its end.
    var finished: [UInt8] { bytes + TarBlock.end }

    /// Adds an entry; `type` is tar's type flag.
    mutating func add(
        _ name: [UInt8], type: Character, link: [UInt8] = [], mode: Int = 0o644, uid: Int = 0, gid: Int = 0,
        seconds: Int = 0, nanoseconds: Int = 0, device: (Int, Int) = (0, 0),
        xattrs: [(String, [UInt8])] = [], _ content: [UInt8] = []
    ) {
        var records: [([UInt8], [UInt8])] = xattrs.map { (Array("SCHILY.xattr.\($0)".utf8), $1) }
        if name.count > 100 { records.append((Array("path".utf8), name)) }
        if link.count > 100 { records.append((Array("linkpath".utf8), link)) }
        if seconds < 0 || seconds >= 1 << 33 || nanoseconds > 0 {
            records.append((Array("mtime".utf8), Array(Self.time(seconds, nanoseconds).utf8)))
        }
        var block = TarBlock("", type: type, size: String(content.count, radix: 8))
        block.set(0, Array(name.prefix(100)))
        block.set(157, Array(link.prefix(100)))
        block.set(100, Self.octal(mode, 7))
        block.set(108, Self.octal(uid, 7))
        block.set(116, Self.octal(gid, 7))
        block.set(136, Self.octal(seconds < 0 || seconds >= 1 << 33 ? 0 : seconds, 11))
        block.set(329, Self.octal(device.0, 7))
        block.set(337, Self.octal(device.1, 7))
        if !records.isEmpty { bytes += TarBlock.file("pax", type: "x", records.flatMap(Self.record)) }
        bytes += block.sealed + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func file(_ name: String, _ content: String = "content") {
        add(Array(name.utf8), type: "0", seconds: 1_700_000_000, Array(content.utf8))
    }

    mutating func directory(_ name: String, mode: Int = 0o755) {
        add(Array(name.utf8), type: "5", mode: mode, seconds: 1_600_000_000)
    }

    mutating func symbolicLink(_ name: String, _ target: String) {
        add(Array(name.utf8), type: "2", link: Array(target.utf8), mode: 0o777)
    }

    /// A hard link whose header says another time than a file's, unless told; unpacking sets it on the inode.
    mutating func hardLink(_ name: String, _ target: String, seconds: Int = 1_500_000_000) {
        add(Array(name.utf8), type: "1", link: Array(target.utf8), seconds: seconds)
    }

    /// A sparse file in GNU's PAX format 0.1, each run filled with its own byte.
    mutating func sparse(_ name: String, runs: [(offset: Int64, length: Int)], size: Int64) {
        let map = runs.map { "\($0.offset),\($0.length)" }.joined(separator: ",")
        bytes += TarBlock.pax([
            ("GNU.sparse.major", "0"), ("GNU.sparse.minor", "1"), ("GNU.sparse.size", "\(size)"),
            ("GNU.sparse.numblocks", "\(runs.count)"), ("GNU.sparse.map", map),
        ])
        let content = runs.enumerated().flatMap { [UInt8](repeating: UInt8($0 + 1), count: $1.length) }
        bytes += TarBlock.file(name, content)
    }

    /// A layer of the entries that `body` adds.
    static func make(_ body: (inout LayerArchive) -> Void) -> [UInt8] {
        var archive = LayerArchive()
        body(&archive)
        return archive.finished
    }

    private static func octal(_ value: Int, _ digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// A PAX time; before 1970 its fraction counts down from the second, as the sign is one of the whole.
    private static func time(_ seconds: Int, _ nanoseconds: Int) -> String {
        func fraction(_ value: Int) -> String {
            let text = String(value)
            return "." + String(repeating: "0", count: 9 - text.count) + text
        }
        guard nanoseconds > 0 else { return "\(seconds)" }
        guard seconds < 0 else { return "\(seconds)" + fraction(nanoseconds) }
        return "-\(-seconds - 1)" + fraction(1_000_000_000 - nanoseconds)
    }

    private static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = key.count + value.count + 3
        var length = rest + 1
        while String(length).utf8.count + rest != length { length += 1 }
        return Array("\(length) ".utf8) + key + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    }
}
