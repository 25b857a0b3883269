import HermesCore
import HermesHTTP
import HermesKubernetes
import HermesSupport
import Logging
import Synchronization

/// A controller as a whole: it answers nodes, and works while it leads.
///
/// A process that does not lead answers probes and metrics alone. It opens the store only once it leads, as the store is of one process.
package struct ControllerService: Sendable {
    /// Seconds between two collections of what nobody uses.
    private static let collectionPause = 3600

    /// What there is while this process leads.
    private struct Leading: Sendable {
        let store: ArtifactStore
        let controller: IndexController
    }

    private let configuration: ControllerConfiguration
    private let client: KubernetesClient
    private let registries: HTTPClient
    private let questions = NodeQuestions()
    private let leading = LeadingBox()
    private let log: Logger

    private final class LeadingBox: Sendable {
        let value = Mutex<Leading?>(nil)
    }

    /// Asks nobody yet. Throws `system` when a thread cannot start.
    package init(_ configuration: ControllerConfiguration, cluster: ClusterConfiguration, log: Logger) throws {
        self.configuration = configuration
        client = KubernetesClient(cluster, http: try HTTPClient(metrics: HTTPMetrics()))
        registries = try HTTPClient(metrics: RegistryMetrics.shared.http)
        self.log = log
    }

    /// Works until the task is cancelled; builds have ended then, and the lease is given back. `listening` is told the port.
    ///
    /// Throws `unavailable` when the address cannot be had or the lease was lost, and the errors of the store.
    package func run(listening: @escaping @Sendable (Int) async -> Void) async throws {
        var settings = configuration.server
        if let terms = configuration.tokenReview {
            let reviewer = TokenReviewer(client, terms, log: log)
            settings.access = .tokens { try await reviewer.accepts($0) }
        }
        let server = ArtifactServer(
            { leading.value.withLock { $0?.store } }, settings, questions: questions, log: log,
            metrics: { families() }, unready: { unready() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run(listening: listening) }
            group.addTask { try await elect() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func elect() async throws {
        guard let lease = configuration.lease else { return try await lead() }
        let identity = "\(Self.hostName)_\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        let election = LeaderElection(
            client: client, namespace: lease.namespace, name: lease.name, terms: LeaseTerms(identity: identity),
            logger: log)
        try await election.run { try await lead() }
    }

    private func lead() async throws {
        let new = try await SystemThread.run("hermes-store") { [self] in
            let store = try ArtifactStore(configuration.folder)
            try importGoDatabase(into: store)
            let controller = try IndexController(
                configuration, client: client, store: store, questions: questions, http: registries, log: log)
            return Leading(store: store, controller: controller)
        }
        leading.value.withLock { $0 = new }
        defer { leading.value.withLock { $0 = nil } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await new.controller.run() }
            group.addTask { try await collect(new) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Takes over what the Go controller has built, whose database lay in the same folder.
    private func importGoDatabase(into store: ArtifactStore) throws {
        guard let imported = try store.importGoDatabase("\(configuration.folder)/hermes-cache.db") else { return }
        log.notice("took over the indexes of an older database", metadata: ["indexes": "\(imported.artifacts)"])
        for error in imported.refused { log.warning("an older index is left out", metadata: ["cause": "\(error)"]) }
    }

    /// Removes what nobody uses, now and then.
    private func collect(_ leading: Leading) async throws {
        while true {
            try await Task.sleep(for: .seconds(Self.collectionPause))
            guard leading.controller.unready == nil else { continue }
            do {
                let removed = try await SystemThread.run("hermes-store") { [configuration] in
                    try leading.store.markUsed(leading.controller.readyKeys)
                    return try leading.store.collectGarbage(
                        unusedFor: configuration.retention, sizeBudget: configuration.sizeBudget)
                }
                guard removed.blobs > 0 else { continue }
                log.notice(
                    "removed what nobody uses",
                    metadata: [
                        "indexes": "\(removed.artifacts)", "files": "\(removed.blobs)", "bytes": "\(removed.bytes)",
                    ])
            } catch {
                log.warning("cannot remove what nobody uses", metadata: ["cause": "\(error)"])
            }
        }
    }

    private func unready() -> String? {
        guard let leading = leading.value.withLock({ $0 }) else { return "another controller holds the lease" }
        return leading.controller.unready
    }

    private func families() -> [MetricFamily] {
        let leading = leading.value.withLock { $0 }
        return [
            .gauge(
                "hermes_controller_leader", "1 while this process builds and serves indexes.", leading == nil ? 0 : 1)
        ] + (leading?.controller.families() ?? []) + RegistryMetrics.shared.families()
    }

    private static var hostName: String {
        EnvironmentVariable.value("HOSTNAME") ?? "controller"
    }
}
