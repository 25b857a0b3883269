import HermesBenchReport

extension BenchComparison {
    /// The comparison for people: a table for each side and kind of start, and what cannot be compared.
    var table: String {
        var parts = differences.isEmpty ? [] : ["not the same: \(differences.joined(separator: "; "))"]
        for side in sides {
            if !side.cold.isEmpty { parts.append(Self.table("\(side.name), COLD", side.cold)) }
            if !side.warm.isEmpty { parts.append(Self.table("\(side.name), WARM", side.warm)) }
            if side.cold.isEmpty && side.warm.isEmpty {
                parts.append("\(side.name): no times of complete starts that both reports have")
            }
        }
        if !onlyFirst.isEmpty { parts.append("only in the first report: \(onlyFirst.joined(separator: ", "))") }
        if !onlySecond.isEmpty { parts.append("only in the second report: \(onlySecond.joined(separator: ", "))") }
        return parts.joined(separator: "\n\n")
    }

    private static func table(_ title: String, _ rows: [Row]) -> String {
        var table = TextTable(
            [title, "FIRST", "SECOND", "DIFFERENCE", "95 % INTERVAL", "RATIO", "95 % INTERVAL", "RESULT"],
            numeric: [1, 2, 3, 4, 5, 6])
        for row in rows {
            let medians = row.medians
            table.append([
                row.measure, Quantity.duration(seconds: medians.first.median),
                Quantity.duration(seconds: medians.second.median), Quantity.change(seconds: medians.difference),
                interval(medians.differenceInterval) { Quantity.change(seconds: $0) }, Quantity.ratio(medians.ratio),
                interval(medians.ratioInterval) { Quantity.ratio($0) }, words(medians),
            ])
        }
        return table.text
    }

    private static func interval(_ interval: MedianComparison.Interval?, _ text: (Double) -> String) -> String {
        interval.map { "\(text($0.low)) to \(text($0.high))" } ?? "-"
    }

    private static func words(_ medians: MedianComparison) -> String {
        switch medians.verdict {
        case .less: "faster"
        case .more: "slower"
        case .undecided: "no difference can be told"
        case .tooFew: "too few starts (\(medians.first.count) and \(medians.second.count))"
        }
    }
}
