import HermesBenchReport
import HermesTestKit
import Testing

@testable import HermesBench
@testable import HermesCore
@testable import HermesSupport
@testable import hermes

@Suite struct BenchFilesTests {
    private static func report(touched count: Int, path: String) throws -> FilesReport {
        let report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        let layer = ReadRecord.Layer(
            digest: .of([1]), bytes: 1 << 20, files: count + 2, fileBytes: 400, touchedFiles: count,
            touchedFileBytes: 100, readBytes: 50)
        let files = (0..<count).map {
            ReadRecord.TouchedFile(
                path: "\(path)\($0)", layer: 0, bytes: 2048, at: 0.25, reads: 1, readBytes: 1024, fetchedBytes: 512)
        }
        return FilesReport(
            report, phases: [.init(name: .create, start: 0, seconds: 1), .init(name: .ready, start: 1, seconds: 2)],
            ReadRecord(
                seconds: 3, layers: [layer], touched: files,
                untouchedFiles: [.init(path: "/doc/large", layer: 0, bytes: 3072)],
                untouchedFolders: [.init(path: "/doc", files: 2, bytes: 4096)], reads: []))
    }

    @Test func theTablesSayWhatIsTouched() throws {
        let lines = try Self.report(touched: 1, path: "/bin/tool").table.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        #expect(lines[0].hasPrefix("registry.test/team/app:1: what a start of 3.0 s touched, and what not."))
        #expect(lines[2].hasSuffix("1.0 MiB 3 400 B 1 100 B 300 B 75.00 %"))
        #expect(lines.contains("/bin/tool0 0 2.0 KiB 1.0 KiB 512 B 250 ms"))
        #expect(lines.contains("/doc 2 4.0 KiB") && lines.contains("/doc/large 0 3.0 KiB"))
    }

    @Test func longListsAndHostileNamesAreBounded() throws {
        let table = try Self.report(touched: 70, path: "/a\u{1b}[2J\u{202e}" + String(repeating: "x", count: 1000))
            .table
        #expect(table.contains("and 20 more"))
        #expect(!table.contains("\u{1b}") && !table.contains("\u{202e}"))
        #expect(table.split(separator: "\n").allSatisfy { $0.count < 500 })
    }

    @Test func theJSONHasItsFormat() throws {
        struct Header: Decodable {
            let format: Int
            let tool: BenchReport.Tool
            let taken: String
            let machine: BenchReport.Machine
            let workload: BenchReport.Workload
            let phases: [BenchReport.Phase]
            let touched: [ReadRecord.TouchedFile]
        }
        let bytes = try JSON.encode(try Self.report(touched: 3, path: "/x"))
        let header = try JSON.decode(Header.self, from: bytes, name: "it")
        #expect(header.format == 1 && header.phases.count == 2 && header.touched.count == 3)
    }
}
