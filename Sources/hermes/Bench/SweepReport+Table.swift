import HermesBenchReport
import HermesSupport

extension SweepReport {
    /// The report for people. Texts of it come from elsewhere, and cannot move the terminal.
    var table: String {
        let headline =
            "\(workload.image.printable(300)): from its name until a share of its files was read"
            + " (\(Quantity.bytes(content.fileBytes)) in \(content.files) files)"
        let note = "Times are medians ± median absolute deviations of the starts that completed."
        let tables = [figures, failures].filter { !$0.rows.isEmpty }.map(\.text)
        let crossovers =
            content.summary.crossovers.isEmpty ? [] : [content.summary.crossovers.map(words).joined(separator: "\n")]
        return ([headline] + tables + crossovers + [note]).joined(separator: "\n\n")
    }

    private var figures: BenchTable {
        let names = content.summary.rows.first?.sides.map(\.name) ?? []
        let rest = names.dropFirst()
        var headings = ["SHARE", "READ"] + names
        headings += rest.map { "\($0)/\(names[0])" } + rest.map { "FETCHED BY \($0)" }
        var table = BenchTable(headings, numeric: Set(headings.indices))
        for (row, share) in zip(content.summary.rows, content.shares) {
            table.append(
                [Self.percent(row.share), Quantity.bytes(share.bytes)] + row.sides.map(Self.time)
                    + row.sides.dropFirst().map { Quantity.ratio($0.ratio) }
                    + row.sides.dropFirst().map { Quantity.cost(.networkBytes, $0.networkBytes) })
        }
        return table
    }

    /// The median, and how many starts are not in it.
    private static func time(_ figures: SweepSummary.Figures) -> String {
        let text = Quantity.spread(figures.seconds)
        return figures.failed > 0 ? "\(text) (\(figures.failed) failed)" : text
    }

    private func words(_ crossover: Crossover) -> String {
        let (name, first) = (crossover.name, crossover.first)
        let ends = [content.summary.rows.first, content.summary.rows.last].map { Self.percent($0?.share ?? 0) }
        return switch (crossover.verdict, crossover.share) {
        case (.found, let share?): "crossover: \(name) takes as long as \(first) at \(Self.percent(share))"
        case (.none, _): "crossover: none up to \(ends[1]); \(name) is faster than \(first)"
        case (.never, _): "crossover: below \(ends[0]), if any; \(name) is not faster than \(first) there"
        default: "crossover: not known; no share has complete starts of \(name) and \(first)"
        }
    }

    /// The starts without an end, at most 50 of them.
    private var failures: BenchTable {
        var table = BenchTable(["FAILED STARTS", "ROUND", "SHARE", "OUTCOME", "CAUSE"], numeric: [1, 2])
        let failed = content.shares.flatMap { share in
            share.sides.flatMap { side in side.starts.filter { !$0.isComplete }.map { (share.share, side.name, $0) } }
        }
        for (share, name, start) in failed.prefix(50) {
            table.append([
                name, "\(start.round)", Self.percent(share), start.outcome.rawValue,
                start.error?.replacing("\n", with: " ").printable(500) ?? "-",
            ])
        }
        if failed.count > 50 { table.append(["and \(failed.count - 50) more", "", "", "", ""]) }
        return table
    }

    /// "25 %", "12.5 %".
    private static func percent(_ share: Double) -> String {
        let text = Quantity.decimal(100 * share, 1)
        return "\(text.hasSuffix(".0") ? String(text.dropLast(2)) : text) %"
    }
}
