import HermesBenchReport
import HermesCore
import HermesHTTP
import HermesKubernetes
import HermesSupport
import Logging

/// Measures how long a Pod takes to start on the nodes of each of several pools of a cluster in turn.
///
/// All that it makes are Pods with a label, one at a time. It cannot make a node forget an image: which starts were
/// cold is observed.
package struct ClusterBench: Sendable {
    package typealias Progress = @Sendable (String) -> Void

    let options: Options
    let client: KubernetesClient
    /// For the requests to Pods; their addresses are asked without a proxy.
    let http: HTTPClient
    let logger: Logger
    let pods: BenchPods
    /// Names the bench, as a part of its Pods' names and as their label.
    let identity = String(UInt32.random(in: 0x1000_0000...UInt32.max), radix: 16)
    private let progress: Progress

    /// `progress` is told what is done next. Throws `system` without a thread.
    package init(
        _ options: Options, client: KubernetesClient, logger: Logger, progress: @escaping Progress
    ) throws {
        self.options = options
        self.client = client
        self.logger = logger
        self.progress = progress
        http = try HTTPClient(proxies: ProxySettings { _ in nil })
        pods = BenchPods(client: client, namespace: options.namespace)
    }

    /// Measures all rounds. In each, a Pod is started on every pool; the pool that is first changes from round to
    /// round. A start that fails is a part of the report. Deletes its Pods, also when the task is cancelled, and before
    /// that those of an earlier bench in the namespace. Throws `interrupted` when the task is cancelled, and the error
    /// of what makes further rounds useless.
    package func run() async throws -> BenchReport {
        defer { http.close() }
        do {
            try await begin()
            return try await rounds()
        } catch {
            let (pods, selector) = (pods, "\(BenchPods.label)=\(identity)")
            // A task of its own, as this one may be cancelled. A Pod that is left is deleted by the next bench.
            await Task.detached { _ = try? await pods.delete(selector) }.value
            throw Task.isCancelled ? HermesError(.interrupted, "the bench was stopped") : error
        }
    }

    /// Looks whether all can be watched, and clears the namespace.
    private func begin() async throws {
        var events = ResourcePath.events
        events.namespace = options.namespace
        // A watch that is refused is tried again for ever.
        _ = try await client.list(
            ReportedEvent.self, events, KubernetesSelection(fields: "involvedObject.name=\(identity)"))
        let left = try await pods.delete(BenchPods.label)
        if !left.isEmpty { progress("deletes \(left.count) Pods that an earlier bench left") }
        for name in left { try await pods.remove(name) }
    }

    private func rounds() async throws -> BenchReport {
        var report = emptyReport()
        var nodesWithImage: Set<String> = []
        var machine: Node?
        for round in 1...max(1, options.rounds) {
            for turn in options.pools.indices {
                let side = (turn + round - 1) % options.pools.count
                let pool = options.pools[side]
                progress("round \(round) of \(options.rounds): \(pool.name)")
                let name = "hermes-bench-\(identity)-\(round)-\(side + 1)"
                let start = ClusterStart(bench: self, pool: pool, round: round, name: name)
                let result = try await start.run(nodesWithImage: nodesWithImage)
                report.sides[side].starts.append(result.start)
                if let node = result.node, result.isImageThere { nodesWithImage.insert(node.metadata.name) }
                if machine == nil, let node = result.node {
                    machine = node
                    report.machine = .init(node)
                }
                if report.workload.manifest == nil { report.workload.manifest = Self.digest(result.imageID) }
            }
        }
        return report
    }

    private func emptyReport() -> BenchReport {
        BenchReport(
            taken: Timestamp.now().rfc3339, machine: .init(nil),
            workload: .init(
                image: options.template.image, command: options.template.command, ready: "Pod Ready",
                request: options.request?.words),
            sides: options.pools.map { .init(name: $0.name) })
    }

    /// The digest of "REPOSITORY@DIGEST", as containerd names an image; nil for another text.
    private static func digest(_ imageID: String?) -> String? {
        guard let imageID, let at = imageID.lastIndex(of: "@") else { return nil }
        return (try? Digest(String(imageID[imageID.index(after: at)...]))).map { "\($0)" }
    }
}
