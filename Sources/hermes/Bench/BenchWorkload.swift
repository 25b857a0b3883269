import ArgumentParser
import HermesBench
import HermesHTTP
import HermesSupport

/// What runs in a bench's container on this node, and when it is ready.
struct BenchWorkload: ParsableArguments {
    @Argument(parsing: .postTerminator, help: "What is run in place of the image's command.")
    var command: [String] = []

    @Option(help: "The workload is ready when a GET of this URL is answered with a status below 400.")
    var readyHttp: String?

    @Option(help: "The workload is ready when it writes a line that matches this expression (RE2).")
    var readyLog: String?

    @Flag(help: "The workload is ready when it ends with code 0. This is the default.")
    var readyExit = false

    @OptionGroup var request: BenchRequest

    @Option(name: [.customLong("env")], help: "NAME=VALUE for the workload's environment.")
    var environment: [String] = []

    /// Fills in what these options say. Throws `usage` for options that do not go together, and the file error of `--data`.
    func fill(_ chosen: inout NodeBench.Options) throws {
        chosen.command = command
        chosen.environment = environment
        chosen.readiness = try readiness()
        chosen.request = try workloadRequest()
    }

    private func readiness() throws -> Readiness {
        guard [readyHttp != nil, readyLog != nil, readyExit].filter({ $0 }).count <= 1 else {
            throw HermesError(.usage, "--ready-http, --ready-log and --ready-exit exclude each other")
        }
        if let readyHttp { return .http(try HTTPURL(readyHttp)) }
        guard let readyLog else { return .exit }
        do {
            return .log(try RegularExpression(Array(readyLog.utf8)), pattern: readyLog)
        } catch {
            throw HermesError(.usage, "--ready-log takes an expression of RE2, not \"\(readyLog)\": \(error.reason)")
        }
    }

    private func workloadRequest() throws -> WorkloadRequest? {
        let body = try request.body()
        guard let url = request.request else { return nil }
        guard readyHttp != nil || readyLog != nil else {
            throw HermesError(
                .usage, "--request goes with --ready-http or --ready-log: a workload that has ended answers nothing")
        }
        return WorkloadRequest(url: try HTTPURL(url), body: body, contentType: request.contentType)
    }
}
