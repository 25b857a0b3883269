import ArgumentParser
import Glibc
import HermesDaemon
import HermesSupport

struct DaemonStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the images of a running daemon, and which were left to containerd.",
        discussion: """
            The first table has the images that are mounted, the second the last that were pulled in full, and why. Only root \
            can ask a daemon of root's. --address SOCKET is the socket on which it answers containerd, if it has another one. \
            --format is table or json.

            EXAMPLE
              hermes daemon status --format json | jq '.images[] | select(.complete | not)'
            """
    )

    /// Its options are taken wherever they stand, so that --address and --format are its.
    @ParentCommand var daemon: DaemonCommand

    func run() throws {
        let status = try DaemonStatus.read(from: DaemonCommand.absolute(daemon.address))
        switch daemon.format {
        case .json: try JSONOutput.print(status)
        case .table: print(status.table)
        }
    }
}
