import HermesBench
import HermesBenchReport
import HermesSupport
import HermesTestKit
import Testing

@testable import hermes

@Suite struct BenchCompareTests {
    @Test func theComparisonSaysWhatChanged() throws {
        let first = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        var second = first
        for index in second.sides[0].starts.indices { second.sides[0].starts[index].phases[6].seconds += 30 }
        second.sides[1].starts.removeLast(4)
        second.sides.append(.init(name: "stargz"))
        let lines = BenchComparison(first, second).table.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines[0] == "overlayfs, COLD FIRST SECOND DIFFERENCE 95 % INTERVAL RATIO 95 % INTERVAL RESULT")
        #expect(lines[1] == "resolve 500 ms 500 ms 0 ms 0 ms to 0 ms 1.00 1.00 to 1.00 no difference can be told")
        #expect(lines[7] == "request 500 ms 30.5 s +30.0 s +30.0 s to +30.0 s 61.00 61.00 to 61.00 slower")
        // Warm pulls of no time at all have no ratio.
        #expect(lines.contains("pull 0 ms 0 ms 0 ms 0 ms to 0 ms - - no difference can be told"))
        #expect(lines.contains("pull 1.5 s 1.3 s -250 ms - 0.83 - too few starts (3 and 2)"))
        #expect(lines.last == "only in the second report: stargz")
        let back = BenchComparison(second, first).table
        #expect(back.contains("faster"))
        #expect(back.hasSuffix("only in the first report: stargz"))
    }

    @Test func theRoleHasACommand() throws {
        let command = try Hermes.parseAsRoot(["bench", "compare", "a.json", "b.json", "--anyway", "--format", "json"])
        let compare = try #require(command as? BenchCompare)
        #expect(compare.first == "a.json")
        #expect(compare.anyway)
        #expect(throws: (any Error).self) { try Hermes.parseAsRoot(["bench", "compare", "a.json"]) }
    }

    /// The fixture with `old` replaced by `new` as a second report.
    private static func fault(replacing old: String, with new: String) throws -> HermesError? {
        let folder = try TestFolder()
        let text = String(decoding: try BenchReportFixture.bytes(), as: UTF8.self)
        let other = try folder.write("other.json", Array(text.replacing(old, with: new).utf8))
        let command = try Hermes.parseAsRoot(["bench", "compare", BenchReportFixture.path, other])
        let compare = try #require(command as? BenchCompare)
        return #expect(throws: HermesError.self) { try compare.run() }
    }

    @Test func refusesAnotherMachine() throws {
        let error = try Self.fault(replacing: "containerd 1.7.24", with: "containerd 2.1")
        #expect(error?.code == .usage)
        #expect(
            error?.description.hasSuffix(
                "did not measure the same: runtime: containerd 1.7.24, containerd 2.1 (--anyway compares them)") == true
        )
    }

    @Test func refusesWhatIsNoReport() throws {
        #expect(try Self.fault(replacing: "\"sides\"", with: "\"side\"")?.code == .corrupt)
        #expect(try Self.fault(replacing: "\"format\": 1", with: "\"format\": 2")?.code == .unsupported)
    }
}
