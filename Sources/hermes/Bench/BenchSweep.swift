import ArgumentParser
import HermesBench
import HermesSupport

struct BenchSweep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Find the share of an image's bytes at which lazy loading stops to pay.",
        discussion: """
            For each share, the image is taken away, brought and mounted with each snapshotter in turn, and that share of the bytes of its \
            files is read: whole files in a fixed order that is as good as random. The times count from the image's name to the last byte. \
            The crossover is the share at which a snapshotter takes as long as the first one. Nothing of the image is run, so \
            that it needs no shell. The node is used and left as hermes bench does it. Needs root, and time: each share is a pull.

            EXAMPLE
              hermes bench sweep --shares 25,50,100 registry.example.com/team/app:1.2
            """
    )

    @OptionGroup var node: BenchNode

    @Option(help: "The shares in percent, above 0 to 100, at most 20.")
    var shares = "5,10,25,50,75,100"

    @OptionGroup var snapshotters: BenchSnapshotters

    @Option(help: "How often each share is read with each snapshotter.")
    var rounds = 1

    @Option(help: "How the result is written: table or json.")
    var format = OutputFormat.table

    func run() throws {
        var chosen = NodeBench.Options()
        try snapshotters.fill(&chosen)
        guard (1...300).contains(rounds) else { throw HermesError(.usage, "--rounds takes 1 to 300") }
        chosen.rounds = rounds
        let shares = try Self.shares(shares)
        let report = try node.withBench(chosen) { try $0.sweep(shares) }
        switch format {
        case .json: try JSONOutput.print(report)
        case .table: print(report.table)
        }
    }

    /// Shares from 0 to 1 in rising order, each once. Throws `usage`.
    static func shares(_ text: String) throws -> [Double] {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let percents = words.compactMap { word in
            // Double takes hexadecimal numbers and "nan" as well.
            word.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: ".") } ? Double(word) : nil
        }
        guard percents.count == words.count, percents.count <= 20, percents.allSatisfy({ $0 > 0 && $0 <= 100 }) else {
            throw HermesError(
                .usage, "--shares takes 20 percentages at most, above 0 to 100, not \"\(text.printable(100))\"",
                advice: "such as 5,25,100")
        }
        return Set(percents).sorted().map { $0 / 100 }
    }
}
