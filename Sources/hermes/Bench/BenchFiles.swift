import ArgumentParser
import HermesBench
import HermesSupport

struct BenchFiles: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files",
        abstract: "Show which files of an image a start touches, and what it never touches.",
        discussion: """
            The workload is started once, cold, on this node's containerd with hermes daemon as its snapshotter, which records the \
            reads of the image until the workload is ready or has answered the first request. The tables have the files that were \
            read, the layers, and the largest folders and files of which nothing was read. The node is used and left as hermes bench \
            does it. Needs root, and an index of the image.

            EXAMPLE
              hermes bench files --ready-http http://127.0.0.1:8000/health registry.example.com/team/app:1.2
            """
    )

    @OptionGroup var node: BenchNode

    @OptionGroup var workload: BenchWorkload

    @Option(help: "How the result is written: table or json.")
    var format = OutputFormat.table

    func run() throws {
        var chosen = NodeBench.Options()
        chosen.snapshotters = ["hermes"]
        chosen.warmRequests = WarmRequests(count: 0)
        chosen.waitsForWhole = false
        try workload.fill(&chosen)
        let report = try node.withBench(chosen) { try $0.files() }
        switch format {
        case .json: try JSONOutput.print(report)
        case .table: print(report.table)
        }
    }
}
