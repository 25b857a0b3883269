import HermesTestKit
import Testing

@testable import HermesSupport

@Suite struct RFC3339Tests {
    private func parse(_ text: String) -> Timestamp? {
        Array(text.utf8).withUnsafeBytes { RFC3339.parse($0) }
    }

    private func format(_ seconds: Int64, _ nanoseconds: Int32 = 0) -> String {
        var text: [UInt8] = []
        RFC3339.format(Timestamp(seconds: seconds, nanoseconds: nanoseconds), into: &text)
        return text.text
    }

    @Test func formatsAsGo() {
        #expect(format(0) == "1970-01-01T00:00:00Z")
        #expect(format(1_136_239_445, 999_999_999) == "2006-01-02T22:04:05.999999999Z")
        #expect(format(1, 500_000_000) == "1970-01-01T00:00:01.5Z")
        #expect(format(-1, 1) == "1969-12-31T23:59:59.000000001Z")
        #expect(format(-62_135_596_800) == "0001-01-01T00:00:00Z")
        #expect(format(-62_167_219_200) == "0000-01-01T00:00:00Z")
        #expect(format(253_402_300_799) == "9999-12-31T23:59:59Z")
        // Go has no text for other years.
        for seconds in [-62_167_219_201, 253_402_300_800, .min, .max] as [Int64] {
            #expect(format(seconds) == "")
        }
    }

    @Test func parsesZonesAndFractions() {
        #expect(
            parse("2006-01-02T15:04:05.999999999Z")
                == Timestamp(seconds: 1_136_214_245, nanoseconds: 999_999_999))
        #expect(parse("2006-01-02T15:04:05-07:00") == Timestamp(seconds: 1_136_239_445))
        #expect(
            parse("2006-01-02T15:04:05.000000001+05:30") == Timestamp(seconds: 1_136_194_445, nanoseconds: 1))
        #expect(parse("1970-01-01T00:00:00.5Z") == Timestamp(seconds: 0, nanoseconds: 500_000_000))
        #expect(parse("1970-01-01T00:00:00.1234567891Z") == Timestamp(seconds: 0, nanoseconds: 123_456_789))
        #expect(parse("2024-02-29T00:00:00Z") == Timestamp(seconds: 1_709_164_800))
        #expect(parse("0000-01-01T00:00:00+00:00") == Timestamp(seconds: -62_167_219_200))
    }

    @Test(arguments: [
        "", "2006", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z", "2006-13-02T15:04:05Z",
        "2006-00-02T15:04:05Z",
        "2006-02-29T15:04:05Z", "1900-02-29T00:00:00Z", "2006-04-31T15:04:05Z", "2006-01-00T15:04:05Z",
        "2006-01-02T24:04:05Z", "2006-01-02T15:60:05Z", "2006-01-02T15:04:60Z", "2006-01-02T15:04:05.Z",
        "2006-01-02T15:04:05.5", "2006-01-02T15:04:05+24:00", "2006-01-02T15:04:05+01:60",
        "2006-01-02T15:04:05+0100",
        "2006-01-02T15:04:05Zx", "12006-01-02T15:04:05Z", "2oo6-01-02T15:04:05Z",
    ])
    func refusesOtherTexts(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func agreesWithPython() throws {
        var random = SeededGenerator(seed: 21)
        // A day in each of many years, and the days around the ends of February.
        var times: [Int64] = (0..<500).map { _ in
            Int64.random(in: -62_135_596_800...253_402_300_799, using: &random)
        }
        for year in [1600, 1900, 2000, 2023, 2024, 2100] as [Int64] {
            for day in 58...60 as ClosedRange<Int64> {
                times.append((year - 1970) * 31_556_952 + day * 86_400)
            }
        }
        let script = """
            import sys; from datetime import datetime, timedelta
            for s in sys.argv[1:]: print((datetime(1970, 1, 1) + timedelta(seconds=int(s))).isoformat() + "Z")
            """
        let lines = try TestTool.run([TestTool.python, "-c", script] + times.map(String.init)).text
            .split(separator: "\n").map(String.init)
        #expect(times.map { format($0) } == lines)
        #expect(lines.map { parse($0)?.seconds } == times)
    }
}
