import ArgumentParser
import HermesBench
import HermesCore
import HermesDaemon
import HermesHTTP
import HermesSupport
import Synchronization

struct BenchRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure cold and warm starts on this node's containerd.",
        discussion: """
            For each snapshotter and round the image is taken away, the kernel's caches are dropped, and the workload is \
            started: cold, and once more warm. The phases are resolve, pull (or mount), create, start, first output, ready and \
            the first request. The workload runs in a namespace of containerd of its own, on the host's network; nothing is left \
            behind. A start that fails is shown as such, and is in no median. What follows -- takes the place of the image's command. Needs root.

            EXAMPLES
              hermes bench docker.io/library/python:3.12 -- python3 -c 'import json'
              hermes bench --rounds 5 --ready-http http://127.0.0.1:8000/health \\
                --request http://127.0.0.1:8000/v1/completions --data @prompt.json registry.example.com/team/vllm:1.2
            """
    )

    @OptionGroup var options: ImageOptions

    @Argument(parsing: .postTerminator, help: "What is run in place of the image's command.")
    var command: [String] = []

    @Option(
        name: .customLong("snapshotter"),
        help: "A snapshotter of containerd to measure. (default: overlayfs and hermes)")
    var snapshotters: [String] = []

    @OptionGroup var repeats: BenchRepeats

    @Option(help: "The workload is ready when a GET of this URL is answered with a status below 400.")
    var readyHttp: String?

    @Option(help: "The workload is ready when it writes a line that matches this expression (RE2).")
    var readyLog: String?

    @Flag(help: "The workload is ready when it ends with code 0. This is the default.")
    var readyExit = false

    @OptionGroup var request: BenchRequest

    @Option(name: [.customLong("env")], help: "NAME=VALUE for the workload's environment.")
    var environment: [String] = []

    @Option(help: "The longest that a start may take.")
    var timeout = "30m"

    @Flag(name: .customLong("no-wait"), help: "Do not wait until the node has the whole image.")
    var doesNotWait = false

    @Flag(help: "Also measure where other containers run, which feel that the kernel's caches are dropped.")
    var yes = false

    @Option(help: "containerd's socket.")
    var address = "/run/containerd/containerd.sock"

    @Option(help: "The socket on which hermes daemon answers containerd.")
    var daemonAddress = "/run/hermes-daemon/hermes-daemon.sock"

    @OptionGroup var output: BenchOutput

    func run() throws {
        let chosen = try nodeOptions()
        let interrupt = try Interrupt()
        let stopped = Mutex(false)
        let daemon = DaemonCommand.absolute(daemonAddress)
        let bench = try NodeBench(
            chosen, open: options.open,
            observe: { snapshotter, manifest in
                snapshotter == "hermes" ? try Self.observe(daemon, manifest) : nil
            },
            isStopped: { stopped.withLock { $0 } }, progress: { CommandLog.say($0) })
        defer { bench.close() }
        interrupt.hold { stopped.withLock { $0 = true } }
        let report = try bench.run()
        try output.write(report)
    }

    /// What the daemon says of an image.
    private static func observe(_ address: String, _ manifest: Digest) throws -> NodeBench.Observation? {
        let status = try DaemonStatus.read(from: address)
        guard let image = status.images.first(where: { $0.manifest == manifest }) else {
            return status.cached.contains(manifest) ? .init(isComplete: false, fetchedBytes: 0) : nil
        }
        return .init(
            isComplete: image.complete, fetchedBytes: image.fetchedBytes,
            process: UnixSocket.peer(of: DaemonStatus.socket(beside: address)))
    }

    private func nodeOptions() throws -> NodeBench.Options {
        var chosen = NodeBench.Options()
        if !snapshotters.isEmpty { chosen.snapshotters = snapshotters }
        guard Set(chosen.snapshotters).count == chosen.snapshotters.count, chosen.snapshotters.count <= 16 else {
            throw HermesError(.usage, "--snapshotter takes 16 different names at most")
        }
        try repeats.check()
        chosen.address = DaemonCommand.absolute(address)
        chosen.rounds = repeats.rounds
        chosen.command = command
        chosen.environment = environment
        chosen.readiness = try readiness()
        chosen.request = try workloadRequest()
        chosen.warmRequests = repeats.requests
        chosen.timeout = try OptionValues.seconds(timeout, "--timeout")
        chosen.waitsForWhole = !doesNotWait
        chosen.isAllowed = yes
        return chosen
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
