import ArgumentParser
import HermesController
import HermesCore
import HermesKubernetes
import HermesSupport

struct ControllerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controller",
        abstract: "Build indexes of the images that a cluster's Pods run, and serve them to its nodes.",
        discussion: """
            A HermesPolicy says which images: the controller watches Pods and policies, reads each layer of the images once from \
            their registry, and keeps the indexes in a folder. The daemons on the nodes ask it for them. It needs neither \
            containerd nor root, and it writes nothing to registries. The command stays in the foreground until it is interrupted.

            EXAMPLES
              kubectl apply -f deploy/
              hermes controller --kubeconfig ~/.kube/config --data ./indexes --listen 127.0.0.1:39091
            """
    )

    @Option(help: "The folder of the indexes.")
    var data = "/data/hermes"

    @Option(help: "The address at which nodes are answered, as [HOST]:PORT.")
    var listen = ":39091"

    @Option(help: "A kubeconfig. (default: the Pod's own service account, or else $KUBECONFIG or ~/.kube/config)")
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig. (default: its current one)")
    var context: String?

    @Option(help: "Images whose indexes are built at the same time.")
    var maxConcurrency = 2

    @Option(help: "Layers that are read at the same time, of all images together. (default: one per processor)")
    var jobs: Int?

    @Option(help: "Uncompressed bytes between two checkpoints, such as 1MiB or 4MiB.")
    var spanSize = "2MiB"

    @Option(help: "The longest time that one build may take, such as 60m.")
    var buildTimeout = "60m"

    @Option(help: "How long an index stays that no Pod and no node uses, such as 720h.")
    var retention = "720h"

    @Option(help: "The most bytes that all indexes may take, such as 20GiB. (default: no limit)")
    var maxSize: String?

    @Option(help: "The folder with containerd's hosts.toml files: mirrors, certificates and headers of registries.")
    var hostsDir = HostsFolder.standard.path

    @Option(help: "A file with a token that nodes have to send.")
    var tokenFile: String?

    @Option(
        help: .init(
            "Nodes have to send a token of a service account for this audience, which the API server reviews.",
            valueName: "audience"))
    var tokenReview: String?

    @Option(help: .init("A service account whose tokens are accepted; may be repeated.", valueName: "namespace/name"))
    var tokenReviewAccount: [String] = []

    @Option(help: "The certificate chain for TLS, in PEM. Goes with --tls-key.")
    var tlsCert: String?

    @Option(help: "The private key for TLS, in PEM.")
    var tlsKey: String?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Work only while holding the lease \"hermes-controller\" of its namespace, so that there are never two builders."
    )
    var leaderElection = true

    @OptionGroup var logOptions: LogOptions

    func validate() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else { throw ValidationError("--tls-cert and --tls-key go together") }
        guard tokenFile == nil || tokenReview == nil else {
            throw ValidationError("--token-file and --token-review exclude each other")
        }
        guard tokenReview != nil || tokenReviewAccount.isEmpty else {
            throw ValidationError("--token-review-account needs --token-review")
        }
        guard (1...64).contains(maxConcurrency) else { throw ValidationError("--max-concurrency is from 1 to 64") }
        guard jobs.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--jobs is from 1 to 256") }
    }

    func run() throws {
        let log = logOptions.logger()
        let cluster = try ClusterConfiguration.find(kubeconfig: kubeconfig, context: context)
        var configuration = try self.configuration()
        if leaderElection { configuration.lease = (cluster.namespace, "hermes-controller") }
        let interrupt = try Interrupt()
        let service = try ControllerService(configuration, cluster: cluster, log: log)
        let work = Task.detached {
            try await service.run { port in CommandLog.say("answering on port \(port)", ["port": "\(port)"]) }
        }
        interrupt.hold { work.cancel() }
        do {
            try waiting { try await work.value }
        } catch {
            // It was asked to end.
            guard !work.isCancelled else { return }
            throw error
        }
    }

    private func configuration() throws -> ControllerConfiguration {
        let address = try OptionValues.address(listen, "--listen")
        let access = tokenFile.map { ArtifactAccess.secret(file: $0) } ?? .open
        var tls: (String, String)?
        if let tlsCert, let tlsKey { tls = (tlsCert, tlsKey) }
        var configuration = ControllerConfiguration(
            folder: DaemonCommand.absolute(data),
            server: .init(host: address.host, port: Int(address.port), access: access, tls: tls))
        configuration.tokenReview = try tokenReview.map {
            try TokenReviewTerms(audience: $0, accounts: tokenReviewAccount)
        }
        configuration.hosts = HostsFolder(hostsDir)
        configuration.spanSize = try OptionValues.spanSize(spanSize)
        configuration.buildsAtOnce = maxConcurrency
        if let jobs { configuration.layersAtOnce = jobs }
        configuration.buildTimeLimit = try OptionValues.seconds(buildTimeout, "--build-timeout")
        configuration.retention = Int64(try OptionValues.seconds(retention, "--retention"))
        if let maxSize { configuration.sizeBudget = try OptionValues.bytes(maxSize, "--max-size") }
        return configuration
    }
}
