import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// What other programs do not write: odd, old and hostile headers.
@Suite struct TarParserTests {
    /// Parses, and checks that pieces of any size give the same.
    private func entries(_ bytes: [UInt8]) throws -> [TarEntry] {
        let entries = try parseTar(bytes).entries
        for piece in [1, 100, 512, 1000] {
            #expect(try parseTar(bytes, piece: piece).entries == entries)
        }
        return entries
    }

    private func expectFailure(
        _ bytes: [UInt8], _ reason: String, code: HermesError.Code = .corrupt,
        location: SourceLocation = #_sourceLocation
    ) {
        for piece in [1, 511, Int.max] {
            let error = #expect(throws: HermesError.self, sourceLocation: location) {
                try parseTar(bytes, piece: piece)
            }
            #expect(error?.code == code, sourceLocation: location)
            #expect(
                error?.message.contains(reason) == true, "\(String(describing: error))",
                sourceLocation: location)
        }
    }

    // MARK: Ends

    @Test func endsAtTwoZeroBlocks() throws {
        let file = TarBlock.file("a", Array("hello".utf8))
        let rest = [UInt8](repeating: 0xaa, count: 5000)
        let (entries, size) = try parseTar(file + TarBlock.end + rest)
        #expect(entries.map(\.name.text) == ["a"])
        #expect(size == Int64(file.count + 1024))
    }

    @Test func mayEndWithoutZeroBlocks() throws {
        let file = TarBlock.file("a", Array("hello".utf8))
        #expect(try parseTar([]).archiveSize == 0)
        #expect(try parseTar(file).archiveSize == 1024)
        #expect(try parseTar(file + [UInt8](repeating: 0, count: 512)).archiveSize == 1536)
        // Without the padding after the last file.
        #expect(try parseTar(Array(file[..<517])).archiveSize == 517)
    }

    @Test func isNotCutOff() {
        let file = TarBlock.file("a", Array("hello".utf8))
        expectFailure(Array(file[..<516]), "cut off at byte 516")
        expectFailure(Array(file[..<511]), "cut off at byte 511")
        expectFailure(file + [UInt8](repeating: 0, count: 700), "cut off")
        expectFailure(file + [UInt8](repeating: 0, count: 512) + file, "single zero block")
        expectFailure(Array(TarBlock.pax([("path", "b")])[..<520]), "cut off")
    }

    // MARK: Numbers

    @Test func readsBase256() throws {
        var block = TarBlock("big")
        block.set(108, [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe])
        block.set(136, [UInt8](repeating: 0xff, count: 11) + [0x9c])
        let entry = try entries(block.sealed + TarBlock.end)[0]
        #expect(entry.uid == 4_294_967_294)
        #expect(entry.modificationTime == Timestamp(seconds: -100))
    }

    @Test func acceptsBothChecksums() throws {
        var block = TarBlock("caf\u{e9}")
        let sum = block.bytes.enumerated().reduce(0) { sum, item in
            sum + ((148..<156).contains(item.offset) ? 32 : Int(Int8(bitPattern: item.element)))
        }
        block.set(148, "0" + String(sum, radix: 8) + "\u{0} ")
        #expect(try entries(block.bytes)[0].name == Array("caf\u{e9}".utf8))
        block.bytes[0] ^= 1
        expectFailure(block.bytes, "checksum")
    }

    @Test func refusesNumbersThatAreNone() {
        for (offset, field) in [(100, "00x0644"), (124, "99"), (136, "-1"), (329, "?")] {
            var block = TarBlock("a")
            block.set(offset, field)
            expectFailure(block.sealed, "not a number")
        }
        var block = TarBlock("a")
        block.set(124, [0x80] + [UInt8](repeating: 0xff, count: 11))
        expectFailure(block.sealed, "size field")
        block.set(124, [0x80, 0, 0, 0, 0x7f] + [UInt8](repeating: 0xff, count: 7))
        expectFailure(block.sealed, "size is out of range")
        block.set(124, [UInt8](repeating: 0xff, count: 12))
        expectFailure(block.sealed, "size is out of range")
        block = TarBlock("a")
        block.set(108, [UInt8](repeating: 0xff, count: 8))
        expectFailure(block.sealed, "out of range")
    }

    // MARK: Kinds

    @Test func knowsEveryKind() throws {
        let flags: [(Character, TarEntry.Kind)] = [
            ("0", .regular), ("\u{0}", .regular), ("7", .regular), ("1", .hardLink), ("2", .symbolicLink),
            ("3", .characterDevice), ("4", .blockDevice), ("5", .directory), ("6", .fifo),
        ]
        for (flag, kind) in flags { #expect(try entries(TarBlock("a", type: flag).sealed)[0].kind == kind) }
        // As in Go: only V7's type makes a directory of a trailing slash.
        #expect(try entries(TarBlock("a/", type: "\u{0}").sealed)[0].kind == .directory)
        #expect(try entries(TarBlock("a/", type: "0").sealed)[0].kind == .regular)
        for flag in ["V", "M", "D", "N", "z"] as [Character] {
            expectFailure(TarBlock("a", type: flag).sealed, "\"\(flag)\"", code: .unsupported)
        }
    }

    @Test func onlyFilesHaveData() throws {
        let archive = TarBlock("link", type: "1", size: "0001000").sealed + TarBlock("next").sealed
        let result = try entries(archive)
        #expect(result.map(\.size) == [0, 0])
        #expect(result.map(\.dataOffset) == [512, 1024])
    }

    @Test func readsPrefixes() throws {
        var block = TarBlock("name")
        block.set(345, "some/prefix")
        #expect(try entries(block.sealed)[0].name.text == "some/prefix/name")
        // star ends in "tar" and has two times after a shorter prefix.
        block.set(345, String(repeating: "p", count: 131) + "00000000001 00000000002 ")
        block.set(508, "tar\u{0}")
        #expect(try entries(block.sealed)[0].name.text == String(repeating: "p", count: 131) + "/name")
        // GNU has times in its place, which are no part of the name; V7 has nothing there.
        block = TarBlock("name", magic: "ustar  \u{0}")
        block.set(345, "00000000001\u{0}00000000002\u{0}")
        #expect(try entries(block.sealed)[0].name.text == "name")
        // Go before 1.8 wrote a prefix into GNU headers.
        block.set(345, [UInt8](repeating: 0, count: 24))
        block.set(345, "some/prefix")
        #expect(try entries(block.sealed)[0].name.text == "some/prefix/name")
        block = TarBlock("name", magic: "\u{0}")
        block.set(345, "some/prefix")
        #expect(try entries(block.sealed)[0].name.text == "name")
    }

    // MARK: PAX

    @Test func paxRecordsReplaceFields() throws {
        let records = [
            ("uid", "100"), ("mtime", "-0.25"), ("path", "first"), ("path", "last"), ("gname", ""),
            ("SCHILY.xattr.user.a", "=\n=\u{0}"), ("empty", ""),
        ]
        var block = TarBlock("short")
        block.set(297, "staff")
        let entry = try entries(TarBlock.pax(records) + block.sealed)[0]
        #expect(entry.name.text == "last")
        #expect(entry.uid == 100)
        #expect(entry.modificationTime == Timestamp(seconds: -1, nanoseconds: 750_000_000))
        #expect(entry.gname.text == "staff")
        #expect(
            entry.paxRecords.map(\.key.text) == [
                "SCHILY.xattr.user.a", "empty", "gname", "mtime", "path", "uid",
            ])
        #expect(entry.paxRecords["SCHILY.xattr.user.a"]?.text == "=\n=\u{0}")
    }

    @Test func paxSizeCountsForTheData() throws {
        let archive =
            TarBlock.pax([("size", "1000")]) + TarBlock("a").sealed + [UInt8](repeating: 0xee, count: 1024)
            + TarBlock("b").sealed
        let result = try entries(archive)
        #expect(result.map(\.name.text) == ["a", "b"])
        #expect(result[0].size == 1000)
        #expect(result[1].paxRecords.isEmpty)
    }

    @Test func globalHeadersHaveNoEffect() throws {
        let archive =
            TarBlock.pax([("uid", "7")]) + TarBlock.pax([("path", "global"), ("comment", "x")], type: "g")
            + TarBlock("a").sealed
        let entry = try entries(archive)[0]
        #expect(entry.name.text == "a")
        #expect(entry.uid == 0)
        #expect(entry.paxRecords.isEmpty)
    }

    @Test(arguments: [
        "5 a=b\n", "6 a=b\nx", "7 a=b\n", "6 a=bc", "6 =ab\n", "6 abc\n", "-6 a=b\n",
        "99999999999999999999 a=b\n",
        "4 =\n", "a=b\n", "11 path=a\u{0}\n", "7 \u{0}a=b\n", "10 uid=-x\n", "12 mtime=1,\n", "12 size=1 1\n",
        "12 size=-11\n",
    ])
    func refusesBrokenRecords(body: String) {
        let bytes = TarBlock.file("pax", type: "x", Array(body.utf8)) + TarBlock("a").sealed
        #expect(throws: HermesError.self) { try parseTar(bytes) }
    }

    @Test func boundsMetadata() throws {
        expectFailure(TarBlock("pax", type: "x", size: "4000001").sealed, "too large")
        expectFailure(TarBlock("name", type: "L", size: "77777777777").sealed, "too large")
        // Many records with one key, and as many with their own, take no long time.
        for suffix in [{ _ in "" }, { String($0) }] as [(Int) -> String] {
            let records = (0..<20_000).map { ("key" + suffix($0), "v") }
            let entry = try parseTar(TarBlock.pax(records) + TarBlock("a").sealed).entries[0]
            #expect(entry.paxRecords.count == Set(records.map(\.0)).count)
        }
    }

    @Test func longNamesWinOverRecords() throws {
        let long = Array(String(repeating: "n", count: 700).utf8)
        let archive =
            TarBlock.pax([("path", "p"), ("linkpath", "q")])
            + TarBlock.file("././@LongLink", type: "L", long + [0, 0x78])
            + TarBlock.file("././@LongLink", type: "K", long) + TarBlock("short", type: "2").sealed
            + TarBlock("next").sealed
        let result = try entries(archive)
        #expect(result[0].name == long)
        #expect(result[0].linkName == long)
        #expect(result[1].name.text == "next")
    }

    /// Archives with changed headers whose checksums are right again: read or refused, the same in pieces of any size.
    @Test func survivesChangedHeaders() throws {
        var sparse = TarBlock("s", type: "S", size: "0000144", magic: "ustar  \u{0}")
        sparse.set(386, "00000000000\u{0}00000000144\u{0}")
        sparse.set(483, "00000001750")
        let original =
            TarBlock.pax([("path", "long"), ("mtime", "1.5"), ("size", "600")]) + TarBlock("a").sealed
            + [UInt8](repeating: 7, count: 1024) + TarBlock.file("n", type: "L", Array("name".utf8))
            + TarBlock("b", type: "2").sealed + sparse.sealed + [UInt8](repeating: 7, count: 512)
            + TarBlock.pax([
                ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1000"),
                ("GNU.sparse.name", "c"),
            ]) + TarBlock.file("c", Array("1\n5\n3\n".utf8) + [UInt8](repeating: 0, count: 509))
            + TarBlock.end
        #expect(try parseTar(original).entries.map(\.name.text) == ["long", "name", "s", "c"])
        var random = SeededGenerator(seed: 31)
        var read = 0
        for _ in 0..<1500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let start = 512 * Int.random(in: 0..<(bytes.count / 512), using: &random)
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let values: [UInt8] = [
                        0, 0x20, 0x30, 0x37, 0x39, 0x80, 0xff, 0x0a, 0x3d, 0x2c, 0x53, 0x78,
                    ]
                    bytes[start + Int.random(in: 0..<512, using: &random)] =
                        values.randomElement(using: &random) ?? 0
                }
                var block = TarBlock("")
                block.bytes = Array(bytes[start..<(start + 512)])
                if bytes[start + 148] != 0 {
                    bytes.replaceSubrange(start..<(start + 512), with: block.sealed)
                }
            }
            let whole = try? parseTar(bytes)
            let pieces = try? parseTar(bytes, piece: 100)
            #expect(whole?.entries == pieces?.entries)
            #expect(whole?.archiveSize == pieces?.archiveSize)
            if whole != nil { read += 1 }
        }
        // Neither all of them nor none.
        #expect(read > 100 && read < 1400)
    }
}
