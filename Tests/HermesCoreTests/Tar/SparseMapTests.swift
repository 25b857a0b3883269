import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Sparse files whose maps are wrong: a reader would get wrong bytes, so they are refused.
@Suite struct SparseMapTests {
    private func parse(_ records: [(String, String)], type: Character = "0", _ data: [UInt8]) throws
        -> TarEntry
    {
        try parseTar(TarBlock.pax(records) + TarBlock.file("a", type: type, data) + TarBlock.end).entries[0]
    }

    private let data = [UInt8](repeating: 1, count: 100)

    private func records(_ map: String, count: Int, size: String = "1000") -> [(String, String)] {
        [("GNU.sparse.map", map), ("GNU.sparse.numblocks", String(count)), ("GNU.sparse.size", size)]
    }

    @Test func describesTheMap() throws {
        let entry = try parse(records("0,60,900,40", count: 2) + [("GNU.sparse.name", "real")], data)
        #expect(entry.name.text == "real")
        #expect(entry.size == 100)
        #expect(entry.paxRecords["GNU.sparse.map"]?.text == "0,60,900,40")
        #expect(entry.paxRecords["GNU.sparse.realsize"]?.text == "1000")
    }

    @Test func joinsRepeatedKeys() throws {
        let pairs = [
            ("GNU.sparse.size", "1000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "0"),
            ("GNU.sparse.numbytes", "60"), ("GNU.sparse.offset", "900"), ("GNU.sparse.numbytes", "40"),
        ]
        #expect(try parse(pairs, data).paxRecords["GNU.sparse.map"]?.text == "0,60,900,40")
        #expect(throws: HermesError.self) { try parse(Array(pairs.dropLast()), data) }
        #expect(throws: HermesError.self) { try parse(pairs + [("GNU.sparse.numbytes", "4")], data) }
    }

    @Test func laterFormatsArePlainFiles() throws {
        let entry = try parse([("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0")], data)
        #expect(entry.paxRecords["GNU.sparse.realsize"] == nil)
    }

    @Test(arguments: [
        ("0,60,900,40", 1, "1000"), ("0,60,900", 2, "1000"), ("0,60,59,40", 2, "1000"),
        ("900,60,0,40", 2, "1000"),
        ("0,60,960,41", 2, "1000"), ("0,60,990,40", 2, "1000"), ("0,60,900,39", 2, "1000"),
        ("0,60,900,-40", 2, "1000"),
        ("-1,60,900,40", 2, "1000"), ("0,60,9223372036854775807,40", 2, "9223372036854775807"),
        ("0,60,x,40", 2, "1000"),
        ("0,60,900,40", 2, "-1"), ("0,60,900,40", 2, ""), ("0,60,900,40", 2, "99999999999999999999"),
        (",", 1, "1000"),
    ])
    func refusesWrongMaps(map: String, count: Int, size: String) {
        #expect(throws: HermesError.self) { try parse(records(map, count: count, size: size), data) }
    }

    @Test func onlyFilesAreSparse() {
        #expect(throws: HermesError.self) { try parse(records("0,60,900,40", count: 2), type: "2", data) }
    }

    private func parseInData(_ map: String, padTo length: Int = 512) throws -> TarEntry {
        let area = Array(map.utf8) + [UInt8](repeating: 0, count: max(0, length - map.utf8.count))
        let records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1000")]
        return try parse(records, area + data)
    }

    @Test func readsMapsInTheData() throws {
        let entry = try parseInData("2\n0\n60\n900\n40\n")
        #expect(entry.paxRecords["HERMES.sparse.dataoffset"]?.text == "512")
        #expect(entry.paxRecords["GNU.sparse.map"]?.text == "0,60,900,40")
        #expect(entry.size == 612)
        // A map over two blocks, a number across their border.
        let zeros = String(repeating: "0", count: 509)
        let long = try parseInData("2\n\(zeros)0\n60\n900\n40\n", padTo: 1024)
        #expect(long.paxRecords["HERMES.sparse.dataoffset"]?.text == "1024")
        #expect(long.paxRecords["GNU.sparse.map"]?.text == "0,60,900,40")
    }

    @Test(arguments: [
        "2\n0\n60\n900\n", "-1\n", "x\n", "65537\n", "9223372036854775807\n", "2\n0\n60\n900\n41\n", "\n", "",
        "2\n0\n60\n 900\n40\n",
    ])
    func refusesWrongMapsInTheData(map: String) {
        #expect(throws: HermesError.self) { try parseInData(map) }
    }

    @Test func oldHeadersNeedGNUsMagic() throws {
        var block = TarBlock("a", type: "S", size: "0000144", magic: "ustar  \u{0}")
        block.set(386, "00000000000\u{0}00000000074\u{0}00000001604\u{0}00000000050\u{0}")
        block.set(483, "00000001750")
        let body = data + [UInt8](repeating: 0, count: 412)
        let entry = try parseTar(block.sealed + body + TarBlock.end).entries[0]
        #expect(entry.paxRecords["GNU.sparse.map"]?.text == "0,60,900,40")
        #expect(entry.paxRecords["GNU.sparse.realsize"]?.text == "1000")
        #expect(entry.size == 100)
        block.set(257, "ustar\u{0}00")
        #expect(throws: HermesError.self) { try parseTar(block.sealed + body + TarBlock.end) }
    }

    @Test func boundsExtensions() {
        // Extension blocks without end, each with 21 stretches.
        var block = TarBlock("a", type: "S", magic: "ustar  \u{0}")
        block.set(482, [1])
        let archive = block.sealed + [UInt8](repeating: 0x30, count: 512 * 3500)
        #expect(throws: HermesError.self) { try parseTar(archive) }
    }
}
