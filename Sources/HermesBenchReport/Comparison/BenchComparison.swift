/// Two reports of the same workload, side by side of the same name.
package struct BenchComparison: Sendable, Equatable, Encodable {
    package struct Side: Sendable, Equatable, Encodable {
        package let name: String
        package let cold: [Row]
        package let warm: [Row]
    }

    /// One measure; seconds. Only what both reports have is compared.
    package struct Row: Sendable, Equatable, Encodable {
        package let measure: String
        package let medians: MedianComparison
    }

    /// What of the image, the workload or the machine differs, in words; empty for reports that can be compared.
    package let differences: [String]
    /// The sides that both have, in the order of the first.
    package let sides: [Side]
    /// The names of the sides that only one has.
    package let onlyFirst: [String]
    package let onlySecond: [String]

    /// Both reports are checked.
    package init(_ first: BenchReport, _ second: BenchReport) {
        differences = Self.differences(first, second)
        let others = Dictionary(BenchSummary(second).sides.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
        let names = Set(first.sides.map(\.name))
        sides = BenchSummary(first).sides.compactMap { side in
            others[side.name].map { other in
                Side(name: side.name, cold: Self.rows(side.cold, other.cold), warm: Self.rows(side.warm, other.warm))
            }
        }
        onlyFirst = first.sides.map(\.name).filter { others[$0] == nil }
        onlySecond = second.sides.map(\.name).filter { !names.contains($0) }
    }

    private static func rows(_ first: BenchSummary.Starts, _ second: BenchSummary.Starts) -> [Row] {
        BenchMeasure.all.compactMap { measure in
            guard let one = first.times[measure], let other = second.times[measure] else { return nil }
            return Row(measure: measure.name, medians: MedianComparison(one, other))
        }
    }
}
