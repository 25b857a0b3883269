@testable import HermesBenchReport
@testable import HermesSupport

extension FuzzTarget {
    /// Reports of a bench.
    static let bench = FuzzTarget(name: "bench") { bytes in
        let report = try BenchReport.read(Array(bytes), name: "report")
        check(
            try BenchReport.read(try JSON.encode(report), name: "report") == report,
            "a report is another when read again")
        for side in BenchSummary(report).sides {
            let starts = report.sides.first { $0.name == side.name }?.starts.count
            let counts = [side.cold, side.warm].map { $0.counted + $0.failed + $0.timedOut }
            check(counts.reduce(0, +) == starts, "\(counts) starts of \(side.name)")
            for (measure, values) in side.cold.times {
                check(values.minimum >= 0 && values.maximum <= 1_000_000, "\(measure.name) of \(values.maximum) s")
                check((values.minimum...values.maximum).contains(values.median), "a median outside of its values")
            }
        }
        for family in report.metrics { check(!family.text.contains("NaN"), "a metric that is no number") }
        // A report differs from itself in nothing.
        for row in BenchComparison(report, report).sides.flatMap({ $0.cold + $0.warm }) {
            check([.undecided, .tooFew].contains(row.medians.verdict), "\(row.measure) differs from itself")
        }
    }
}
