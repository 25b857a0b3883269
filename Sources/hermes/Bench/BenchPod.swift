import ArgumentParser
import HermesBench
import HermesHTTP
import HermesKubernetes
import HermesSupport

struct BenchPod: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pod",
        abstract: "Measure how long a Pod takes to start on the nodes of a cluster's pools.",
        discussion: """
            In each round a fresh Pod is made for each pool, followed until it is Ready, and deleted. The phases are schedule, \
            pull, create, start, ready and the first request. The nodes keep what they have: a start is called cold where the node \
            was seen to fetch the image, or did not have it before. The time to make a node is never a part of a start. Pods that \
            an earlier bench left in the namespace are deleted first, so that only one bench can run in a namespace.

            EXAMPLES
              hermes bench pod -f deployment.yaml --pool plain=pool=plain --pool hermes=pool=hermes
              hermes bench pod -f pod.yaml --pool all=kubernetes.io/os=linux --request http://{ip}:8000/v1/models
            """
    )

    @Option(name: [.customShort("f"), .long], help: "A file of which the first Deployment or Pod is started.")
    var filename: String

    @Option(
        name: .customLong("pool"),
        help: .init(
            "Nodes with these labels, as a side of the report; may be repeated.", valueName: "name=key=value,..."))
    var pools: [String] = []

    @OptionGroup var repeats: BenchRepeats

    @Option(name: .shortAndLong, help: "The namespace of the Pods. (default: the file's, or else the kubeconfig's)")
    var namespace: String?

    @Option(help: "A kubeconfig. (default: the Pod's own service account, or else $KUBECONFIG or ~/.kube/config)")
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig. (default: its current one)")
    var context: String?

    @OptionGroup var request: BenchRequest

    @Option(help: "The longest that a start may take, and that a Pod may wait for a node.")
    var timeout = "30m"

    @OptionGroup var output: BenchOutput

    func run() throws {
        let template = try PodTemplate(parsing: LocalFile.read(filename, limit: 4 << 20), name: filename)
        let cluster = try ClusterConfiguration.find(kubeconfig: kubeconfig, context: context)
        let options = try options(template, cluster)
        let interrupt = try Interrupt()
        let http = try HTTPClient()
        defer { http.close() }
        let bench = try ClusterBench(
            options, client: KubernetesClient(cluster, http: http), logger: CommandLog.logger(),
            progress: { CommandLog.say($0) })
        let work = Task.detached { try await bench.run() }
        interrupt.hold { work.cancel() }
        try output.write(try waiting { try await work.value })
    }

    private func options(_ template: PodTemplate, _ cluster: ClusterConfiguration) throws -> ClusterBench.Options {
        let pools = try pools.map { try NodePool(parsing: $0) }
        guard (1...8).contains(pools.count), Set(pools.map(\.name)).count == pools.count else {
            throw HermesError(.usage, "--pool is given 1 to 8 times, each with another name")
        }
        try repeats.check()
        var options = ClusterBench.Options(
            template: template, pools: pools, namespace: namespace ?? template.namespace ?? cluster.namespace)
        options.rounds = repeats.rounds
        options.request = try podRequest()
        options.warmRequests = repeats.warm
        options.timeout = try OptionValues.seconds(timeout, "--timeout")
        return options
    }

    private func podRequest() throws -> PodRequest? {
        let body = try request.body()
        guard let url = request.request else { return nil }
        return try PodRequest(template: url, body: body, contentType: request.contentType)
    }
}
