import ArgumentParser

/// The role that measures cold starts.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how long cold starts take and where the time goes, and compare what was measured.",
        subcommands: [BenchRun.self, BenchFiles.self, BenchSweep.self, BenchPod.self, BenchCompare.self],
        defaultSubcommand: BenchRun.self
    )
}
