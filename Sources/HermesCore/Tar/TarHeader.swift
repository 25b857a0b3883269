import HermesSupport

/// One header block, decoded: the fields of the V7 header and those of the format that its magic names.
///
/// The rules are those of Go's archive/tar, with which containerd unpacks layers, so that a lazily mounted layer shows
/// what an unpacked one holds.
struct TarHeader {
    /// The size of every block of an archive, in bytes.
    static let blockSize = 512

    var name: [UInt8]
    var linkName: [UInt8]
    var typeFlag: UInt8
    var mode: Int64
    var uid: Int64
    var gid: Int64
    var size: Int64
    var modificationTime: Timestamp
    var uname: [UInt8] = []
    var gname: [UInt8] = []
    var deviceMajor: Int64 = 0
    var deviceMinor: Int64 = 0
    /// Whether the magic is GNU's, which old sparse files need.
    var isGNU = false

    /// Decodes `block`, which holds 512 bytes and is not all zero.
    init(_ block: UnsafeRawBufferPointer) throws(TarFault) {
        guard Self.isChecksumRight(block) else { throw TarFault("the checksum does not match") }
        name = Self.text(block, 0, 100)
        mode = try Self.number(block, 100, 8, "mode")
        uid = try Self.number(block, 108, 8, "owner")
        gid = try Self.number(block, 116, 8, "group")
        size = try Self.number(block, 124, 12, "size")
        modificationTime = Timestamp(seconds: try Self.number(block, 136, 12, "time"))
        typeFlag = block[156]
        linkName = Self.text(block, 157, 100)
        guard block[257..<262].elementsEqual("ustar".utf8) else { return }
        // "ustar" NUL is POSIX (and star), "ustar  " NUL is GNU; anything else is the V7 format.
        isGNU = block[262..<265].elementsEqual([0x20, 0x20, 0x00])
        guard isGNU || block[262] == 0 else { return }
        uname = Self.text(block, 265, 32)
        gname = Self.text(block, 297, 32)
        deviceMajor = try Self.number(block, 329, 8, "device")
        deviceMinor = try Self.number(block, 337, 8, "device")
        let prefix = isGNU ? Self.gnuPrefix(block) : try Self.posixPrefix(block)
        if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
    }

    /// The first part of the name: 155 bytes, or 131 and two times in star's variant, which ends in "tar" NUL.
    private static func posixPrefix(_ block: UnsafeRawBufferPointer) throws(TarFault) -> [UInt8] {
        guard block[508..<512].elementsEqual([0x74, 0x61, 0x72, 0x00]) else { return text(block, 345, 155) }
        _ = try number(block, 476, 12, "time")
        _ = try number(block, 488, 12, "time")
        return text(block, 345, 131)
    }

    /// GNU's header has two times where POSIX has the prefix; Go before 1.8 wrote a prefix there all the same.
    ///
    /// A field that does not parse as times, and is ASCII, is a prefix, as Go reads such archives.
    private static func gnuPrefix(_ block: UnsafeRawBufferPointer) -> [UInt8] {
        let areTimes = [345, 357].allSatisfy { offset in
            block[offset] == 0 || TarNumber.field(slice(block, offset, 12)) != nil
        }
        guard !areTimes else { return [] }
        let prefix = text(block, 345, 155)
        return prefix.allSatisfy { $0 < 0x80 } ? prefix : []
    }

    /// The sum of the block's bytes with the checksum field as spaces, of unsigned or (Sun's tar) signed bytes.
    private static func isChecksumRight(_ block: UnsafeRawBufferPointer) -> Bool {
        guard let stored = TarNumber.octal(slice(block, 148, 8)) else { return false }
        // The field counts as eight spaces.
        var unsigned: Int64 = 8 * 0x20
        var signed = unsigned
        for part in [block[..<148], block[156...]] {
            for byte in part {
                unsigned += Int64(byte)
                signed += Int64(Int8(bitPattern: byte))
            }
        }
        return stored == unsigned || stored == signed
    }

    /// The bytes of a field; offsets are constants within the block.
    static func slice(
        _ block: UnsafeRawBufferPointer, _ offset: Int, _ count: Int
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: block[offset..<(offset + count)])
    }

    /// A text field: up to its first NUL.
    private static func text(_ block: UnsafeRawBufferPointer, _ offset: Int, _ count: Int) -> [UInt8] {
        let field = slice(block, offset, count)
        return Array(field.prefix { $0 != 0 })
    }

    static func number(
        _ block: UnsafeRawBufferPointer, _ offset: Int, _ count: Int, _ what: String
    ) throws(TarFault) -> Int64 {
        guard let value = TarNumber.field(slice(block, offset, count)) else {
            throw TarFault("the \(what) field is not a number")
        }
        return value
    }
}

extension TarHeader {
    /// Replaces fields by their PAX records; an empty value leaves the field as it is.
    mutating func merge(_ records: [PAXRecord]) throws(TarFault) {
        for record in records where !record.value.isEmpty {
            switch String(decoding: record.key, as: UTF8.self) {
            case "path": name = record.value
            case "linkpath": linkName = record.value
            case "uname": uname = record.value
            case "gname": gname = record.value
            case "uid": uid = try Self.decimal(record)
            case "gid": gid = try Self.decimal(record)
            case "size": size = try Self.decimal(record)
            case "mtime": modificationTime = try Self.time(record)
            case "atime", "ctime": _ = try Self.time(record)
            default: break
            }
        }
    }

    private static func decimal(_ record: PAXRecord) throws(TarFault) -> Int64 {
        guard let value = TarNumber.decimal(record.value) else { throw notANumber(record) }
        return value
    }

    private static func time(_ record: PAXRecord) throws(TarFault) -> Timestamp {
        guard let value = TarNumber.time(record.value) else { throw notANumber(record) }
        return value
    }

    private static func notANumber(_ record: PAXRecord) -> TarFault {
        TarFault("the PAX record \"\(String(decoding: record.key, as: UTF8.self))\" is not a number")
    }

    /// The entry that the header describes, before sparse maps, with its data at `dataOffset`.
    func entry(records: [PAXRecord], dataOffset: Int64) throws(TarFault) -> TarEntry {
        guard let kind else {
            throw TarFault(
                "entries of type \"\(Character(Unicode.Scalar(typeFlag)).escapedASCII)\" cannot be in a layer",
                code: .unsupported)
        }
        guard let uid = UInt32(exactly: uid), let gid = UInt32(exactly: gid) else {
            throw TarFault("the owner or group is out of range")
        }
        return TarEntry(
            name: name, linkName: linkName, kind: kind, mode: mode, uid: uid, gid: gid, uname: uname,
            gname: gname, modificationTime: modificationTime, deviceMajor: deviceMajor,
            deviceMinor: deviceMinor, paxRecords: records, dataOffset: dataOffset,
            size: kind == .regular ? size : 0)
    }

    /// The kind of file that the type flag gives; nil for entries that are not files.
    private var kind: TarEntry.Kind? {
        switch typeFlag {
        // V7 knew no directories: there a trailing slash makes one.
        case 0: name.last == UInt8(ascii: "/") ? .directory : .regular
        case UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): .regular
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        case UInt8(ascii: "5"): .directory
        case UInt8(ascii: "6"): .fifo
        default: nil
        }
    }
}

extension Character {
    /// The character where it is printable ASCII, otherwise its code as "\x1b".
    fileprivate var escapedASCII: String {
        guard let code = asciiValue, (0x20..<0x7f).contains(code) else {
            return unicodeScalars.map { "\\x" + String($0.value, radix: 16) }.joined()
        }
        return String(self)
    }
}
