@testable import HermesCore
@testable import HermesSupport

/// An entry of a layer's tar with its content, as a builder of images could have written it.
struct FuzzEntry {
    /// How a name that does not fit into a header's field is written.
    enum LongNames: Int, CaseIterable {
        case pax, gnu, prefix
    }

    /// The values that a header gives to any kind of file.
    struct Attributes: Equatable {
        var mode: UInt32 = 0o644
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var time = Timestamp(seconds: 0)
    }

    var name: [UInt8]
    var kind: TarEntry.Kind
    var linkName: [UInt8] = []
    var attributes = Attributes()
    var xattrs: [[UInt8]: [UInt8]] = [:]
    /// The whole file's bytes.
    var content: [UInt8] = []
    /// The parts of `content` that a sparse file stores; nil for a file that stores all. The others are zero.
    var stretches: [Range<Int>]?
    var device: (major: Int, minor: Int) = (0, 0)
    var longNames = LongNames.pax
    /// Whether a PAX header for the whole archive stands before the entry; it has no effect.
    var hasGlobalHeader = false

    /// The bytes that the archive has of the content.
    var stored: [UInt8] { stretches.map { $0.flatMap { content[$0] } } ?? content }
}

extension FuzzEntry {
    /// The entry that the next bytes choose.
    init(_ input: inout FuzzInput) {
        let form = input.byte()
        let path = Self.path(&input)
        name = path
        switch form % 16 {
        case 0...3: kind = .regular
        case 4:
            kind = .regular
            stretches = []
        case 5...6: kind = .directory
        case 7...8:
            kind = .symbolicLink
            linkName = Self.path(&input)
        case 9...10:
            kind = .hardLink
            linkName = Self.path(&input)
        case 11:
            kind = .regular
            name = Self.whiteout(path)
        case 12:
            kind = .regular
            name = path + Array("/.wh..wh..opq".utf8)
        case 13: kind = .fifo
        case 14:
            kind = .characterDevice
            device = (input.byte() % 3, input.byte() % 3)
        default:
            kind = .blockDevice
            device = (input.byte(), input.byte())
        }
        if kind == .directory, form & 0x80 != 0 { name.append(UInt8(ascii: "/")) }
        hasGlobalHeader = form & 0x60 == 0x60
        setAttributes(&input)
        if kind == .regular, form % 16 < 5 { setContent(&input) }
    }

    private static let names: [[UInt8]] =
        ["a", "b", "c", "d", "etc", "usr", ".hidden", "a b"].map { Array($0.utf8) } + [
            [UInt8](repeating: UInt8(ascii: "l"), count: 120), [UInt8](repeating: UInt8(ascii: "m"), count: 255),
            // No folder can have a name so long.
            [UInt8](repeating: UInt8(ascii: "n"), count: 256), Array("ä".utf8), [0xff, 0xfe], Array("..".utf8),
            Array(".".utf8), Array(".wh..wh.plnk".utf8),
        ]

    /// A path of one to four names, most of them short.
    private static func path(_ input: inout FuzzInput) -> [UInt8] {
        let form = input.byte()
        let chosen = (0..<1 + form % 4).map { _ in
            let byte = input.byte()
            return byte < 128 ? names[byte % 4] : names[byte % names.count]
        }
        let prefix = ["", "", "./", "/", "../", "", "", ""][form / 4 % 8]
        return Array(prefix.utf8) + chosen.joined(separator: [UInt8(ascii: "/")])
    }

    private static func whiteout(_ path: [UInt8]) -> [UInt8] {
        let start = (path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
        return path[..<start] + Array(".wh.".utf8) + path[start...]
    }

    private mutating func setAttributes(_ input: inout FuzzInput) {
        let form = input.byte()
        if form & 1 != 0 { attributes.mode = UInt32(input.byte() << 8 | input.byte()) }
        if form & 2 != 0 {
            let owners: [UInt32] = [0, 1000, 65_534, 0o7777777, 0o10000000, .max]
            attributes.uid = owners[input.byte() % owners.count]
            attributes.gid = owners[input.byte() % owners.count]
        }
        if form & 4 != 0 {
            let times = [
                Timestamp(seconds: 1), Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789),
                Timestamp(seconds: -1, nanoseconds: 500_000_000), Timestamp(seconds: 1 << 33),
                Timestamp(seconds: -62_135_596_800),
            ]
            attributes.time = times[input.byte() % times.count]
        }
        longNames = LongNames.allCases[form >> 3 & 3 % LongNames.allCases.count]
        // A hard link shares the inode of its target, which has its own.
        guard kind != .hardLink else { return }
        for _ in 0..<form >> 5 & 3 {
            let keys = ["user.a", "security.capability", "trusted.overlay.opaque", "user.ä", "user.b"]
            let byte = input.byte()
            let key = byte < 250 ? Array(keys[byte % keys.count].utf8) : [UInt8](repeating: 0x78, count: 255)
            let seed = UInt8(input.byte())
            xattrs[key] = (0..<Int(seed) % 64).map { seed &* UInt8($0) }
        }
    }

    private mutating func setContent(_ input: inout FuzzInput) {
        let form = input.byte()
        let size = [form, 511, 512, 513, form * 40, form * 100, 0, form * 160][form % 8]
        let kind = input.byte()
        content = [UInt8](repeating: 0, count: size)
        var state = UInt32(kind) &* 2_654_435_761 | 1
        for index in content.indices {
            // Random bytes, a run, or a text that comes again.
            if kind % 3 != 1 || index % 64 == 0 {
                state ^= state << 13
                state ^= state >> 17
                state ^= state << 5
            }
            content[index] = kind % 3 == 2 ? UInt8(index / 32 % 7 + 97) : UInt8(truncatingIfNeeded: state)
        }
        guard stretches != nil else { return }
        var ranges: [Range<Int>] = []
        var end = 0
        for _ in 0..<kind % 4 {
            let start = min(size, end + input.byte() * 8)
            end = min(size, start + input.byte() * 8)
            ranges.append(start..<end)
        }
        stretches = ranges
        var kept = [UInt8](repeating: 0, count: size)
        for range in ranges { kept.replaceSubrange(range, with: content[range]) }
        content = kept
    }
}
