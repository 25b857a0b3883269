import FoundationEssentials
import Glibc
import HermesTestKit
import Testing

@testable import HermesCore
@testable import HermesSupport

/// Counters, histograms and their text, read by a parser of its own.
@Suite struct MetricsTests {
    /// The samples of a text, as the strict parser beside the tests reads them.
    static func samples(_ text: String) throws -> [String: Double] {
        try TestTool.withFolder { folder in
            try TestTool.write(Array(text.utf8), to: folder + "/text")
            let output = try TestTool.run([
                "sh", "-c", "'\(TestTool.python)' '\(Fixture.path("metrics-read.py"))' <'\(folder)/text'",
            ])
            return try JSONDecoder().decode([String: Double].self, from: Data(output))
        }
    }

    @Test func labelsAndHelpAreEscaped() throws {
        let nasty = "a\"b\\c\nd,e}={"
        let family = MetricFamily(
            name: "hermes_test_total", help: "line\nbreak \\ \"quoted\"", kind: .counter,
            samples: [.init(labels: [("one", nasty), ("two", "")], value: 7)])
        #expect(
            family.text == #"""
                # HELP hermes_test_total line\nbreak \\ "quoted"
                # TYPE hermes_test_total counter
                hermes_test_total{one="a\"b\\c\nd,e}={",two=""} 7

                """#)
        #expect(try Self.samples(family.text) == ["hermes_test_total{one=\"\(nasty)\",two=\"\"}": 7])
    }

    @Test(arguments: [
        (0, "0"), (-3, "-3"), (1e15, "1000000000000000"), (0.0025, "0.0025"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"),
    ]) func numbers(value: Double, text: String) { #expect(MetricFamily.number(value) == text) }

    @Test func bucketsHoldWhatIsNotAboveTheirBound() throws {
        let histogram = Histogram()
        let start = Monotonic.now()
        for milliseconds in [0, 1, 2, 1000, 60_000, 60_001] {
            histogram.observe(from: start, to: start.adding(milliseconds: milliseconds))
        }
        // A clock that goes back counts as no time.
        histogram.observe(from: start, to: start.adding(milliseconds: -5))
        let samples = try Self.samples(histogram.family("hermes_test_seconds", "Test.").text)
        #expect(samples["hermes_test_seconds_bucket{le=\"0.001\"}"] == 3)
        #expect(samples["hermes_test_seconds_bucket{le=\"0.0025\"}"] == 4)
        #expect(samples["hermes_test_seconds_bucket{le=\"0.5\"}"] == 4)
        #expect(samples["hermes_test_seconds_bucket{le=\"1\"}"] == 5)
        #expect(samples["hermes_test_seconds_bucket{le=\"60\"}"] == 6)
        #expect(samples["hermes_test_seconds_bucket{le=\"+Inf\"}"] == 7)
        #expect(samples["hermes_test_seconds_count"] == 7)
        #expect(samples["hermes_test_seconds_sum"] == 121.004)
    }

    @Test func valuesAddUp() throws {
        let (one, two) = (Histogram(), Histogram())
        let start = Monotonic.now()
        one.observe(from: start, to: start.adding(milliseconds: 5))
        two.observe(from: start, to: start.adding(milliseconds: 500))
        let sum = one.family("hermes_test_seconds", "Test.").adding(two.family("hermes_test_seconds", "Other."))
        let samples = try Self.samples(sum.text)
        #expect(samples["hermes_test_seconds_bucket{le=\"0.005\"}"] == 1)
        #expect(samples["hermes_test_seconds_bucket{le=\"1\"}"] == 2)
        #expect(samples["hermes_test_seconds_count"] == 2)
        #expect(samples["hermes_test_seconds_sum"] == 0.505)
    }

    @Test(
        arguments: [
            (0, 3, 0), (1, 3, 33.33), (2, 3, 66.66), (3, 3, 100), (0, 0, 100), (99_999_999, 100_000_000, 99.99),
        ] as [(Int64, Int64, Double)])
    func aPartIsNeverRoundedToTheWhole(part: Int64, whole: Int64, percent: Double) {
        #expect(ImageStatus.percent(part, of: whole) == percent)
    }

    @Test func countersAreToldApart() throws {
        let counters = CounterSet<RetryReason>()
        counters.add(for: .refused)
        counters.add(5, for: .verification)
        #expect(counters[.refused] == 1 && counters[.verification] == 5 && counters[.other] == 0)
        #expect(counters.total == 6)
        let samples = try Self.samples(counters.family("hermes_test_total", "Test.").text)
        #expect(samples.count == RetryReason.allCases.count)
        #expect(samples["hermes_test_total{reason=\"verification\"}"] == 5)
    }

    /// More threads at once than there are slots, and many one after the other, so that slots go from hand to hand.
    @Test func noHitIsLost() throws {
        let counters = ReadCounters()
        defer { counters.deallocate() }
        for _ in 0..<3 {
            let threads = try (0..<100).map { _ in
                try SystemThread("test-hits") {
                    for _ in 0..<1000 { counters.hit(3) }
                }
            }
            for thread in threads { thread.join() }
        }
        counters.add(.cache, 10)
        counters.add(.fetch, 20)
        #expect(counters.total(.cache) == (300_001, 900_010))
        #expect(counters.total(.fetch) == (1, 20))
        #expect(counters.total(.hole) == (0, 0))
    }
}
