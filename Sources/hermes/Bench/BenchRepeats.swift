import ArgumentParser
import HermesBench
import HermesSupport

/// How often a bench measures the same.
struct BenchRepeats: ParsableArguments {
    @Option(help: "How often each side starts the workload; on a node, how often cold.")
    var rounds = 3

    @Option(
        help:
            "Requests after the first one, for the latency of a workload that is warm. (default: 1000, or as many as take 10 s)"
    )
    var requests: Int?

    var warm: WarmRequests { requests.map { WarmRequests(count: $0) } ?? .usual }

    /// Throws `usage` for numbers that no bench takes.
    func check() throws {
        guard (1...300).contains(rounds), (0...100_000).contains(requests ?? 0) else {
            throw HermesError(.usage, "--rounds takes 1 to 300, and --requests 0 to 100000")
        }
    }
}
