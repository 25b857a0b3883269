import ArgumentParser
import HermesSupport

/// What is sent to a workload that is ready.
struct BenchRequest: ParsableArguments {
    @Option(help: "A URL that is asked when the workload is ready; in a cluster, {ip} stands for the Pod's address.")
    var request: String?

    @Option(help: "What is sent with --request, as a POST; @FILE for what is in a file.")
    var data: String?

    @Option(help: "The type of what is sent.")
    var contentType = "application/json"

    /// What is sent as a POST; nil for a GET, or where nothing is asked. Throws `usage` for data without a request, and the file
    /// error of a file that cannot be read.
    func body() throws -> [UInt8]? {
        guard request != nil || data == nil else { throw HermesError(.usage, "--data goes with --request") }
        return try data.map { try OptionValues.content($0) }
    }
}
