import HermesBenchReport
import HermesSupport

extension BenchReport {
    /// The report for people, fit to be pasted into an issue. The report is checked. Texts of it come from elsewhere, and cannot
    /// move the terminal.
    var table: String {
        ([headline] + tables.map(\.table.text) + [Self.note]).joined(separator: "\n\n")
    }

    private static let note = "Times are medians ± median absolute deviations of the starts that completed."

    /// What was started, where and when.
    var headline: String {
        let size = [
            workload.manifest.map { $0.printable(19) }, workload.imageBytes.map { Quantity.bytes($0) },
        ].compactMap { $0 }
        let image = workload.image.printable(300) + (size.isEmpty ? "" : " (\(size.joined(separator: ", ")))")
        let memory = "\(machine.processors) processors, \(Quantity.bytes(machine.memoryBytes))"
        return [
            image, "Linux \(machine.kernel.printable(100))", memory, machine.runtime.printable(100),
            taken.printable(40),
        ].joined(separator: ", ")
    }

    /// All tables that have rows, each with a title and what is to be known of its figures.
    var tables: [(title: String, table: BenchTable, note: String?)] {
        let summary = BenchSummary(self)
        let costs = "The medians of the starts that completed, up to the end of their phases."
        let all: [(title: String, table: BenchTable, note: String?)] = [
            ("Cold starts", summary.starts("COLD STARTS", \.cold), Self.note),
            ("Warm starts", summary.starts("WARM STARTS", \.warm), Self.note),
            ("Requests after the first", summary.requests, "Of the cold and the warm starts that completed."),
            ("What a cold start cost", summary.costs("COST OF A COLD START", \.cold), costs),
            ("What a warm start cost", summary.costs("COST OF A WARM START", \.warm), costs),
            ("Starts that failed", failures, nil),
        ]
        return all.filter { !$0.table.rows.isEmpty }
    }

    /// The starts without an end, at most 50 of them.
    private var failures: BenchTable {
        var table = BenchTable(["FAILED STARTS", "ROUND", "START", "OUTCOME", "CAUSE"], numeric: [1])
        let failed = sides.flatMap { side in side.starts.filter { !$0.isComplete }.map { (side.name, $0) } }
        for (name, start) in failed.prefix(50) {
            table.append([
                name, "\(start.round)", start.isCold ? "cold" : "warm", start.outcome.rawValue,
                start.error?.replacing("\n", with: " ").printable(500) ?? "-",
            ])
        }
        if failed.count > 50 { table.append(["and \(failed.count - 50) more", "", "", "", ""]) }
        return table
    }
}
