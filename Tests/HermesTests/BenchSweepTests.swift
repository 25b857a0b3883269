import HermesBench
import HermesBenchReport
import HermesSupport
import HermesTestKit
import Testing

@testable import hermes

@Suite struct BenchSweepTests {
    @Test func sharesAreSortedAndOnce() throws {
        #expect(try BenchSweep.shares("100,5,25,5") == [0.05, 0.25, 1])
        #expect(try BenchSweep.shares("12.5") == [0.125])
    }

    @Test(arguments: [
        "", "0", "101", "5,", "-5", "nan", "inf", "0x10", "1e1", "five", "5 , 10", "1.2.3",
        (1...21).map { "\($0)" }.joined(separator: ","),
    ])
    func sharesHaveBounds(text: String) {
        #expect(throws: HermesError.self) { try BenchSweep.shares(text) }
    }

    @Test(arguments: [["--snapshotter", "a", "--snapshotter", "a"], (1...17).flatMap { ["--snapshotter", "\($0)"] }])
    func snapshottersAreDifferent(words: [String]) throws {
        var refused = NodeBench.Options()
        #expect(throws: HermesError.self) { try BenchSnapshotters.parse(words).fill(&refused) }
        var chosen = NodeBench.Options()
        try BenchSnapshotters.parse([]).fill(&chosen)
        #expect(chosen.snapshotters == ["overlayfs", "hermes"])
    }

    private static func start(_ seconds: Double?, _ bytes: Int64, round: Int) -> BenchReport.Start {
        var start = BenchReport.Start(round: round, isCold: true)
        guard let seconds else {
            (start.outcome, start.error) = (.failed, "a read\nfailed")
            return start
        }
        start.phases = [.init(name: .ready, start: 0, seconds: seconds)]
        start.transfer = .init()
        start.transfer?.networkBytes = bytes
        return start
    }

    @Test func theTableHasSharesCrossoverAndFailures() throws {
        let report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        let mebibyte: Int64 = 1 << 20
        func share(_ share: Double, _ bytes: Int64, _ first: [Double?], _ second: [Double?]) -> Sweep.Share {
            .init(
                share: share, bytes: bytes,
                sides: [
                    .init(
                        name: "overlayfs",
                        starts: first.enumerated().map { Self.start($1, 40 * mebibyte, round: $0 + 1) }),
                    .init(
                        name: "hermes", starts: second.enumerated().map { Self.start($1, bytes / 2, round: $0 + 1) }),
                ])
        }
        let sweep = SweepReport(
            report, files: 7, fileBytes: 100 * mebibyte,
            shares: [
                share(0.125, 12 * mebibyte, [10, 12], [2, nil]), share(1, 100 * mebibyte, [10, 10], [18, 22]),
            ])
        #expect(
            sweep.table == """
                registry.test/team/app:1: from its name until a share of its files was read (100.0 MiB in 7 files)

                 SHARE       READ       overlayfs            hermes  hermes/overlayfs  FETCHED BY hermes
                12.5 %   12.0 MiB  11.0 s ± 1.0 s  2.0 s (1 failed)              0.18            6.0 MiB
                 100 %  100.0 MiB   10.0 s ± 0 ms    20.0 s ± 2.0 s              2.00           50.0 MiB

                FAILED STARTS  ROUND   SHARE  OUTCOME  CAUSE
                hermes             2  12.5 %  failed   a read failed

                crossover: hermes takes as long as overlayfs at 53.9 %

                Times are medians ± median absolute deviations of the starts that completed.
                """)
    }
}
