import ArgumentParser
import CLinux
import Glibc
import HermesCore
import HermesSupport

/// All roles under one name. The folder of each role's name holds its code.
struct Hermes: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hermes",
        abstract: "Start containers from large images in seconds.",
        discussion: """
            Hermes mounts an OCI image at once and reads only what is touched from the image's own registry. The image, \
            its reference and its build stay as they are.

            A link to this program that is named hermes-ROLE runs that role: hermes-mount IMAGE DIR.
            """,
        version: "hermes \(HermesVersion.current)",
        subcommands: [
            IndexCommand.self, MountCommand.self, DaemonCommand.self, ControllerCommand.self, BenchCommand.self,
        ]
    )

    @Flag(help: "List the roles, one to a line.")
    var list = false

    /// The names of the roles.
    static var roles: [String] { configuration.subcommands.compactMap { $0.configuration.commandName } }

    func run() throws {
        guard list else { throw CleanExit.helpRequest(self) }
        for role in Self.roles { print(role) }
    }
}

/// The multi-call binary: the name it was called by, or else the first word, chooses the role.
@main
enum Main {
    static func main() {
        // A pipe's reader that goes away is an error of the write, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
        hermes_map_allocations(256 << 10)
        do {
            let arguments = CommandLine.arguments
            // Its word is none of the roles. It needs no parser, and is to need little memory.
            if arguments.count == 4, arguments[1] == Holder.word {
                return try Holder.run(path: arguments[2], patience: arguments[3])
            }
            var command = try Hermes.parseAsRoot(try words(arguments))
            try command.run()
        } catch let error as HermesError {
            ErrorLine.print(error)
            exit(error.code.exitCode)
        } catch {
            // Help and the version are not errors; a wrong argument gets one line like every other error.
            guard !(error is ExitCode), Hermes.exitCode(for: error) != .success else {
                Hermes.exit(withError: error)
            }
            let problem = HermesError(.usage, Hermes.message(for: error), advice: "see hermes --help")
            ErrorLine.print(problem)
            exit(problem.code.exitCode)
        }
    }

    /// The words behind "hermes" that a command line stands for. Throws `usage` for a role that does not exist.
    private static func words(_ arguments: [String]) throws -> [String] {
        let words = Array(arguments.dropFirst())
        let name = arguments.first?.split(separator: "/").last.map(String.init) ?? "hermes"
        if name.hasPrefix("hermes-") {
            let role = String(name.dropFirst("hermes-".count))
            try check(role: role)
            return [role] + words
        }
        if let first = words.first, !first.hasPrefix("-"), first != "help" { try check(role: first) }
        return words
    }

    private static func check(role: String) throws {
        guard !Hermes.roles.contains(role) else { return }
        throw HermesError(
            .usage, "there is no role \"\(role)\"", advice: "the roles are \(Hermes.roles.joined(separator: ", "))")
    }
}
