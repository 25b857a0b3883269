import ArgumentParser
import HermesBenchReport
import HermesSupport

struct BenchCompare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Say what changed between two benches of the same image on the same machine.",
        discussion: """
            For each side that both reports have, the medians of each phase, of the total and of the time until ready, their \
            difference and ratio, and the 95 % intervals of these. Where the interval of a difference contains 0, no difference \
            can be told; more rounds make it narrower. A side with fewer than three starts gets no interval. Starts that failed or \
            timed out are left out.

            EXAMPLE
              hermes bench compare before.json after.json
              hermes bench compare before.json after.json --format json | jq .sides
            """
    )

    @Argument(help: "The report that is the base.")
    var first: String

    @Argument(help: "The report that is compared with it.")
    var second: String

    @Flag(help: "Compare reports of different images, workloads or machines as well.")
    var anyway = false

    @Option(help: "How the result is written: table or json.")
    var format = OutputFormat.table

    func run() throws {
        let reports = (first: try Self.read(first), second: try Self.read(second))
        let comparison = BenchComparison(reports.first, reports.second)
        guard anyway || comparison.differences.isEmpty else {
            throw HermesError(
                .usage,
                "\(first) and \(second) did not measure the same: \(comparison.differences.joined(separator: "; "))",
                advice: "--anyway compares them")
        }
        switch format {
        case .json: try JSONOutput.print(comparison)
        case .table:
            print("first:  \(first.safeLine), \(reports.first.headline)")
            print("second: \(second.safeLine), \(reports.second.headline)\n\n\(comparison.table)")
        }
    }

    private static func read(_ path: String) throws -> BenchReport {
        try BenchReport.read(LocalFile.read(path, limit: BenchReport.maxBytes), name: path)
    }
}
