/// The figures of a report, side by side. Starts that failed or timed out are counted, and are part of no figure.
package struct BenchSummary: Sendable, Equatable {
    package struct Side: Sendable, Equatable {
        package let name: String
        package let cold: Starts
        package let warm: Starts
        /// The seconds of each request after the first of a start, over the cold and the warm starts.
        package let requests: Distribution?
    }

    /// The cold or the warm starts of a side.
    package struct Starts: Sendable, Equatable {
        package let counted: Int
        package let failed: Int
        package let timedOut: Int
        package let times: [BenchMeasure: Distribution]
        package let costs: [BenchCost: Distribution]

        package var isEmpty: Bool { counted + failed + timedOut == 0 }

        /// The median total by that of `other`; nil where there is none, or that is 0.
        package func ratio(to other: Starts, _ measure: BenchMeasure = .total) -> Double? {
            guard let own = times[measure]?.median, let base = other.times[measure]?.median, base > 0 else {
                return nil
            }
            return own / base
        }

        init(_ starts: [BenchReport.Start]) {
            let complete = starts.filter(\.isComplete)
            counted = complete.count
            failed = starts.count { $0.outcome == .failed }
            timedOut = starts.count { $0.outcome == .timedOut }
            var times: [BenchMeasure: Distribution] = [:]
            for measure in BenchMeasure.all {
                times[measure] = Distribution(complete.compactMap { measure.seconds(of: $0) })
            }
            var costs: [BenchCost: Distribution] = [:]
            for cost in BenchCost.allCases {
                costs[cost] = Distribution(complete.compactMap { $0.transfer.flatMap { cost.value(of: $0) } })
            }
            self.times = times
            self.costs = costs
        }
    }

    /// In the order of the report.
    package let sides: [Side]

    /// `report` is checked.
    package init(_ report: BenchReport) {
        sides = report.sides.map { side in
            Side(
                name: side.name, cold: Starts(side.starts.filter(\.isCold)),
                warm: Starts(side.starts.filter { !$0.isCold }),
                requests: Distribution(side.starts.filter(\.isComplete).flatMap(\.warmSeconds)))
        }
    }
}
