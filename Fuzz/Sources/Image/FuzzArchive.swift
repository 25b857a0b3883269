@testable import HermesCore
@testable import HermesSupport

/// Writes tar archives (POSIX.1-2017 pax, GNU tar manual "Basic Tar Format") with nothing of Hermes in between.
struct FuzzArchive {
    private(set) var bytes: [UInt8] = []

    /// What follows the last entry.
    enum Ending: Int, CaseIterable {
        case zeroBlocks, record, nothing
    }

    mutating func append(_ entry: FuzzEntry) {
        var records: [(key: [UInt8], value: [UInt8])] = []
        func add(_ key: String, _ value: [UInt8]) { records.append((Array(key.utf8), value)) }
        if entry.hasGlobalHeader { appendExtension("g", Self.pax([(Array("comment".utf8), Array("global".utf8))])) }
        var name = entry.name
        var prefix: [UInt8] = []
        if name.count > 100 { fit(&name, &prefix, entry.longNames, "L", "path", add) }
        var linkName = entry.linkName
        var none: [UInt8] = []
        if linkName.count > 100 { fit(&linkName, &none, entry.longNames, "K", "linkpath", add) }
        let time = entry.attributes.time
        let isOddTime = time.nanoseconds > 0 || time.seconds < 0
        if isOddTime { add("mtime", Self.text(time)) }
        if entry.attributes.uid > 0o7777777, entry.longNames == .pax {
            add("uid", Array(String(entry.attributes.uid).utf8))
        }
        for (key, value) in entry.xattrs { add("SCHILY.xattr." + String(decoding: key, as: UTF8.self), value) }
        if let stretches = entry.stretches {
            add("GNU.sparse.major", [UInt8(ascii: "0")])
            add("GNU.sparse.minor", [UInt8(ascii: "1")])
            add("GNU.sparse.numblocks", Array(String(stretches.count).utf8))
            add("GNU.sparse.size", Array(String(entry.content.count).utf8))
            let numbers = stretches.flatMap { [$0.lowerBound, $0.count] }.map(String.init)
            add("GNU.sparse.map", Array(numbers.joined(separator: ",").utf8))
        }
        if !records.isEmpty { appendExtension("x", Self.pax(records)) }
        var header = [UInt8](repeating: 0, count: 512)
        Self.put(name, 0, in: &header)
        Self.put(number: Int64(entry.attributes.mode), 100, 8, in: &header)
        Self.put(number: Int64(entry.attributes.uid), 108, 8, in: &header)
        Self.put(number: Int64(entry.attributes.gid), 116, 8, in: &header)
        let stored = entry.stored
        Self.put(number: Int64(stored.count), 124, 12, in: &header)
        Self.put(number: isOddTime ? 0 : time.seconds, 136, 12, in: &header)
        header[156] = Self.typeFlag(entry.kind)
        Self.put(linkName, 157, in: &header)
        Self.put(Array("ustar\u{0}00".utf8), 257, in: &header)
        Self.put(number: Int64(entry.device.major), 329, 8, in: &header)
        Self.put(number: Int64(entry.device.minor), 337, 8, in: &header)
        Self.put(prefix, 345, in: &header)
        appendBlock(header)
        appendData(stored)
    }

    mutating func end(_ ending: Ending) {
        guard ending != .nothing else { return }
        bytes += [UInt8](repeating: 0, count: 1024)
        if ending == .record { bytes += [UInt8](repeating: 0, count: (10_240 - bytes.count % 10_240) % 10_240) }
    }

    /// Shortens a name to its field, and says elsewhere what it is.
    private mutating func fit(
        _ name: inout [UInt8], _ prefix: inout [UInt8], _ form: FuzzEntry.LongNames, _ typeFlag: Character,
        _ key: String,
        _ add: (String, [UInt8]) -> Void
    ) {
        if form == .prefix, typeFlag == "L",
            let slash = name.indices.last(where: { name[$0] == UInt8(ascii: "/") && (1...155).contains($0) }),
            (1...100).contains(name.count - slash - 1)
        {
            prefix = Array(name[..<slash])
            name = Array(name[(slash + 1)...])
            return
        }
        if form == .gnu { appendExtension(typeFlag, name + [0]) } else { add(key, name) }
        name = Array(name.prefix(100))
    }

    private mutating func appendExtension(_ typeFlag: Character, _ body: [UInt8]) {
        var header = [UInt8](repeating: 0, count: 512)
        Self.put(Array("extension".utf8), 0, in: &header)
        Self.put(number: Int64(body.count), 124, 12, in: &header)
        header[156] = typeFlag.asciiValue ?? 0
        Self.put(Array("ustar\u{0}00".utf8), 257, in: &header)
        appendBlock(header)
        appendData(body)
    }

    private mutating func appendBlock(_ header: [UInt8]) {
        var header = header
        header.replaceSubrange(148..<156, with: repeatElement(0x20, count: 8))
        Self.put(number: header.reduce(0) { $0 + Int64($1) }, 148, 8, in: &header)
        bytes += header
    }

    private mutating func appendData(_ data: [UInt8]) {
        bytes += data
        bytes += [UInt8](repeating: 0, count: -data.count & 511)
    }

    private static func put(_ text: [UInt8], _ offset: Int, in header: inout [UInt8]) {
        header.replaceSubrange(offset..<offset + text.count, with: text)
    }

    /// Octal where that fits, else base-256.
    private static func put(number: Int64, _ offset: Int, _ count: Int, in header: inout [UInt8]) {
        let digits = String(number, radix: 8)
        if digits.count < count {
            return put(
                Array((String(repeating: "0", count: count - 1 - digits.count) + digits).utf8), offset, in: &header)
        }
        for index in 0..<count {
            let shift = 8 * (count - 1 - index)
            header[offset + index] = shift < 64 ? UInt8(truncatingIfNeeded: number >> Int64(shift)) : 0
        }
        header[offset] |= 0x80
    }

    private static func typeFlag(_ kind: TarEntry.Kind) -> UInt8 {
        switch kind {
        case .regular: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        }
    }

    private static func text(_ time: Timestamp) -> [UInt8] {
        func fraction(_ nanoseconds: Int32) -> String {
            let digits = String(nanoseconds)
            return String(repeating: "0", count: 9 - digits.count) + digits
        }
        guard time.nanoseconds > 0 else { return Array(String(time.seconds).utf8) }
        guard time.seconds < 0 else { return Array("\(time.seconds).\(fraction(time.nanoseconds))".utf8) }
        return Array("-\(-time.seconds - 1).\(fraction(1_000_000_000 - time.nanoseconds))".utf8)
    }

    /// Records "<length> <key>=<value>\n", whose lengths count themselves.
    private static func pax(_ records: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
        records.flatMap { key, value in
            let rest = [0x20] + key + [UInt8(ascii: "=")] + value + [0x0a]
            var length = rest.count + 1
            while String(length).utf8.count + rest.count != length { length += 1 }
            return Array(String(length).utf8) + rest
        }
    }
}
