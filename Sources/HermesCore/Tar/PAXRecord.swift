/// A key and a value of a PAX extended header (POSIX.1-2017 pax, "pax Extended Header").
///
/// Both are raw bytes: keys are UTF-8 in well-formed archives, values of SCHILY.xattr keys are anything.
package struct PAXRecord: Sendable, Hashable {
    /// The key, such as "mtime" or "SCHILY.xattr.security.capability"; not empty, without "=".
    package var key: [UInt8]
    /// The value, possibly empty.
    package var value: [UInt8]

    /// Makes a record.
    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

extension PAXRecord {
    /// Parses the body of an extended header: records "<length> <key>=<value>\n", sorted by key, the last of equal
    /// keys kept.
    ///
    /// The pairs of sparse format 0.0, which repeats its keys, become one GNU.sparse.map as in format 0.1. Throws a
    /// `TarFault` where the syntax is broken, by the same rules as Go's archive/tar.
    static func parse(_ body: [UInt8]) throws(TarFault) -> [PAXRecord] {
        var records: [PAXRecord] = []
        var map: [UInt8] = []
        var mapNumbers = 0
        var start = 0
        while start < body.count {
            let record = try parseRecord(body, at: &start)
            let isOffset = record.key.elementsEqual(SparseMap.Key.offset.utf8)
            guard isOffset || record.key.elementsEqual(SparseMap.Key.byteCount.utf8) else {
                records.append(record)
                continue
            }
            guard (mapNumbers % 2 == 0) == isOffset, !record.value.contains(UInt8(ascii: ",")) else {
                throw TarFault("the sparse map's offsets and lengths are not in pairs")
            }
            if mapNumbers > 0 { map.append(UInt8(ascii: ",")) }
            map += record.value
            mapNumbers += 1
        }
        if mapNumbers > 0 {
            records.append(PAXRecord(key: Array(SparseMap.Key.map.utf8), value: map))
        }
        return sorted(records)
    }

    private static func parseRecord(_ body: [UInt8], at start: inout Int) throws(TarFault) -> PAXRecord {
        guard let space = body[start...].firstIndex(of: UInt8(ascii: " ")),
            let length = TarNumber.decimal(body[start..<space]),
            length >= 5, length <= Int64(body.count - start)
        else { throw TarFault("a PAX record's length is wrong") }
        // In range: length is at most body.count - start.
        let end = start + Int(length)
        guard space + 1 < end, body[end - 1] == UInt8(ascii: "\n") else {
            throw TarFault("a PAX record does not end where its length says")
        }
        let content = body[(space + 1)..<(end - 1)]
        guard let equals = content.firstIndex(of: UInt8(ascii: "=")), equals > content.startIndex else {
            throw TarFault("a PAX record has no key")
        }
        let record = PAXRecord(key: Array(content[..<equals]), value: Array(content[(equals + 1)...]))
        let text = record.isText ? record.value : record.key
        guard !text.contains(0) else { throw TarFault("a PAX record holds a NUL") }
        start = end
        return record
    }

    /// Whether the value is one of the texts that replace a header's field, where a NUL cannot stand.
    private var isText: Bool {
        switch String(decoding: key, as: UTF8.self) {
        case "path", "linkpath", "uname", "gname": true
        default: false
        }
    }

    /// The records in order of their keys; of equal keys the last one.
    private static func sorted(_ records: [PAXRecord]) -> [PAXRecord] {
        guard records.count > 1 else { return records }
        let order = records.indices.sorted { left, right in
            if records[left].key == records[right].key { return left < right }
            return records[left].key.lexicographicallyPrecedes(records[right].key)
        }
        var result: [PAXRecord] = []
        result.reserveCapacity(records.count)
        for index in order {
            if let last = result.indices.last, result[last].key == records[index].key {
                result[last] = records[index]
            } else {
                result.append(records[index])
            }
        }
        return result
    }
}

extension [PAXRecord] {
    /// The value of a key; nil where it is absent. The records are sorted by key.
    subscript(key: String) -> [UInt8]? {
        first { $0.key.elementsEqual(key.utf8) }?.value
    }

    /// Sets the value of a key and keeps the order.
    mutating func set(_ key: String, _ value: [UInt8]) {
        let bytes = Array<UInt8>(key.utf8)
        let index = firstIndex { !$0.key.lexicographicallyPrecedes(bytes) } ?? endIndex
        if index < endIndex, self[index].key == bytes {
            self[index].value = value
        } else {
            insert(PAXRecord(key: bytes, value: value), at: index)
        }
    }
}
