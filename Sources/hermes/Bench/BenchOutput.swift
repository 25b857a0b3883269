import ArgumentParser
import HermesBenchReport
import HermesSupport

/// How the report of a bench is written.
struct BenchOutput: ParsableArguments {
    @Option(help: "How the result is written: table or json.")
    var format = OutputFormat.table

    @Option(help: "A file for the result as a page with charts, which stands alone.")
    var html: String?

    @Option(help: "A file for the cold starts as metrics, in Prometheus's format.")
    var metrics: String?

    /// Writes files first: what is printed is then all there is to say.
    func write(_ report: BenchReport) throws {
        try report.check()
        if let html { try Self.write(report.html, to: html) }
        if let metrics { try Self.write(report.metrics.map(\.text).joined(), to: metrics) }
        switch format {
        case .json: try JSONOutput.print(report)
        case .table: print(report.table)
        }
    }

    private static func write(_ text: String, to path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        try AtomicFile.write(Array(text.utf8), to: path, temporaryIn: folder)
    }
}
