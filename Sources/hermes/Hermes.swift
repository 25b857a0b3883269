import ArgumentParser
import HermesCore

/// The multi-call binary: argv[0] or the first word chooses the role.
@main
struct Hermes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hermes",
        abstract: "Start containers from large images in seconds."
    )
}
