import HermesBench
import HermesBenchReport
import HermesTestKit
import Testing

@Suite struct BenchMetricsTests {
    private static func text(_ change: (inout BenchReport) -> Void = { _ in }) throws -> [String] {
        var report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        change(&report)
        return report.metrics.map(\.text)
    }

    @Test func histogramsHaveTheCompleteColdStarts() throws {
        let text = try Self.text()
        let hermes = "side=\"hermes\",image=\"registry.test/team/app:1\""
        let overlayfs = "side=\"overlayfs\",image=\"registry.test/team/app:1\""
        try #require(text.count == 3)
        #expect(text[0].hasPrefix("# HELP cold_start_total_seconds "))
        #expect(text[0].contains("# TYPE cold_start_total_seconds histogram\n"))
        #expect(text[0].contains("cold_start_total_seconds_bucket{\(hermes),le=\"5\"} 0\n"))
        #expect(text[0].contains("cold_start_total_seconds_bucket{\(hermes),le=\"15\"} 3\n"))
        #expect(text[0].contains("cold_start_total_seconds_sum{\(hermes)} 40.5\n"))
        #expect(text[0].contains("cold_start_total_seconds_count{\(overlayfs)} 5\n"))
        #expect(text[0].contains("cold_start_total_seconds_sum{\(overlayfs)} 237.5\n"))
        // Until the end of the pull: 1.5, 2 and 2.5 seconds.
        #expect(text[1].contains("image_pull_seconds_bucket{\(hermes),le=\"1\"} 0\n"))
        #expect(text[1].contains("image_pull_seconds_sum{\(hermes)} 6\n"))
        // From the running process to its being ready: 2 seconds of output, then 8, 9 and 7.
        #expect(text[2].contains("model_load_seconds_sum{\(hermes)} 30\n"))
        #expect(text[2].contains("model_load_seconds_bucket{\(hermes),le=\"600\"} 3\n"))
    }

    @Test func startsWithoutThePhaseAreLeftOut() throws {
        let text = try Self.text { report in
            report.sides[1].starts[0].phases = [.init(name: .resolve, start: 0, seconds: 1)]
        }
        #expect(
            text[0].contains("cold_start_total_seconds_count{side=\"hermes\",image=\"registry.test/team/app:1\"} 3\n"))
        #expect(text[1].contains("image_pull_seconds_count{side=\"hermes\",image=\"registry.test/team/app:1\"} 2\n"))
        #expect(text[2].contains("model_load_seconds_count{side=\"hermes\",image=\"registry.test/team/app:1\"} 2\n"))
    }

    @Test func labelsAreEscapedAndBounded() throws {
        let text = try Self.text { $0.workload.image = "a\"b\\c\n" + String(repeating: "x", count: 10_000) }
        #expect(text[0].contains(",image=\"a\\\"b\\\\c?xxx"))
        #expect(text[0].split(separator: "\n").allSatisfy { $0.utf8.count < 500 })
    }

    /// 10,000 starts of the longest time that a report may have fit the sum.
    @Test func theLargestSumIsRight() throws {
        let text = try Self.text { report in
            let start = BenchReport.Start(
                round: 1, isCold: true, phases: [.init(name: .pull, start: 0, seconds: 86_400)])
            report.sides = [.init(name: "a", starts: Array(repeating: start, count: 10_000))]
        }
        #expect(text[0].contains("} 864000000\n"))
    }
}
