import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure cold starts: how long until a workload is of use, and where the time goes.",
        subcommands: [BenchRun.self],
        defaultSubcommand: BenchRun.self
    )
}
