import HermesBench
import HermesBenchReport
import HermesSupport
import Testing

@Suite struct BenchReportTests {
    /// A report that is written and read again is the same.
    @Test func survivesJSON() throws {
        var start = BenchReport.Start(
            round: 1, isCold: true, outcome: .failed, error: "no answer",
            phases: [.init(name: .resolve, start: 0, seconds: 0.5), .init(name: .pull, start: 0.5, seconds: 2)],
            warmSeconds: [0.25], reads: [.init(at: 1, path: "/bin/true", bytes: 10, layer: 0, isCached: false)])
        start.transfer = .init()
        start.transfer?.networkBytes = 1 << 40
        let report = BenchReport(
            taken: "2026-01-02T03:04:05Z", machine: .init(kernel: "6.9", processors: 2, memoryBytes: 1, runtime: "1.7"),
            workload: .init(image: "registry.test/app:1"), sides: [.init(name: "hermes", starts: [start])])
        let bytes = try JSON.encode(report)
        #expect(try JSON.decode(BenchReport.self, from: bytes, name: "a report") == report)
    }

    @Test func aCommandIsALineForAShell() {
        func line(_ words: [String]) -> String? { BenchReport.Workload(image: "app", command: words).commandLine }
        #expect(line([]) == nil)
        #expect(line(["/bin/true", "--port=80", ""]) == "/bin/true --port=80 ''")
        #expect(line(["sh", "-c", "echo it's $HOME"]) == #"sh -c 'echo it'\''s $HOME'"#)
        #expect(line(["echo a", "b"]) != line(["echo", "a b"]))
    }
}
