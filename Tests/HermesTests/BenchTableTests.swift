import HermesBench
import HermesBenchReport
import HermesTestKit
import Testing

@testable import hermes

@Suite struct BenchTableTests {
    @Test func theTableHasAllFigures() throws {
        let report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        #expect(
            report.table == """
                registry.test/team/app:1 (sha256:0123456789ab, 2.0 GiB), Linux 6.12.1, 4 processors, 16.0 GiB, containerd 1.7.24, \
                2026-01-02T03:04:05Z

                COLD STARTS       overlayfs                          hermes  hermes/overlayfs
                starts                    5  3 of 5 (1 failed, 1 timed out)
                resolve       500 ms ± 0 ms                   500 ms ± 0 ms              1.00
                pull         42.0 s ± 2.0 s                  1.5 s ± 500 ms             0.036
                create        250 ms ± 0 ms                   250 ms ± 0 ms              1.00
                start         250 ms ± 0 ms                   250 ms ± 0 ms              1.00
                output         1.0 s ± 0 ms                    2.0 s ± 0 ms              2.00
                ready          2.0 s ± 0 ms                   8.0 s ± 1.0 s              4.00
                request       500 ms ± 0 ms                    1.0 s ± 0 ms              2.00
                total        46.5 s ± 2.0 s                   13.0 s ± 0 ms              0.28
                until ready  46.0 s ± 2.0 s                   12.0 s ± 0 ms              0.26
                first byte   46.3 s ± 2.0 s                   13.0 s ± 0 ms              0.28
                whole image  42.5 s ± 2.0 s                1 m 35 s ± 4.0 s              2.24

                WARM STARTS      overlayfs         hermes  hermes/overlayfs
                starts                   5              5
                resolve      500 ms ± 0 ms  500 ms ± 0 ms              1.00
                pull           0 ms ± 0 ms  100 ms ± 0 ms                 -
                create       250 ms ± 0 ms  250 ms ± 0 ms              1.00
                start        250 ms ± 0 ms  250 ms ± 0 ms              1.00
                output        1.0 s ± 0 ms   1.0 s ± 0 ms              1.00
                ready         2.0 s ± 0 ms   2.0 s ± 0 ms              1.00
                request      500 ms ± 0 ms  500 ms ± 0 ms              1.00
                total         4.5 s ± 0 ms   4.6 s ± 0 ms              1.02
                until ready   4.0 s ± 0 ms   4.1 s ± 0 ms              1.02

                WARM REQUESTS  overlayfs  hermes
                requests              30      24
                p50               200 ms  200 ms
                p95               300 ms  350 ms
                p99               300 ms  350 ms

                COST OF A COLD START  overlayfs     hermes
                from the registry       2.0 GiB  136.0 MiB
                requests                     14         34
                spans                         -         68
                cache hits                    -        336
                share of the image      100.0 %      6.6 %
                processor time                -      1.5 s
                memory                        -   64.0 MiB

                FAILED STARTS  ROUND  START  OUTCOME    CAUSE
                hermes             2  cold   failed     cannot pull registry.test/app:1: the registry answered 503 Service Unavailable
                hermes             4  cold   timed-out  not ready after 600 s

                Times are medians ± median absolute deviations of the starts that completed.
                """)
    }

    @Test func textsCannotMoveTheTerminal() throws {
        var report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        report.workload.image = "a\u{1b}[2J\n"
        report.machine.runtime = "b\u{9b}c"
        report.sides[1].starts[2].error = "d\u{202e}e\nf"
        #expect(!report.table.unicodeScalars.contains { ["\u{1b}", "\u{9b}", "\u{202e}"].contains($0) })
        #expect(report.table.contains("d?e f"))
    }

    @Test func manyFailuresAreCounted() throws {
        var report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        report.sides[1].starts = Array(repeating: report.sides[1].starts[2], count: 60)
        #expect(report.table.contains("0 of 60 (60 failed)"))
        #expect(report.table.contains("and 10 more"))
    }
}
