import Glibc
import HermesCore
import HermesHTTP
import HermesKubernetes
import HermesSupport
import Logging

/// Watches the cluster, and makes what is what should be: builds run, and policies say what became of them.
///
/// Watches are tasks, builds are threads, and one thread plans. `ControllerState` decides. Safe for use from any thread.
package final class IndexController: Sendable {
    /// Milliseconds between two plans: events come in heaps.
    private static let planPause = 200
    /// Milliseconds that builds have to end when the controller does.
    private static let stopPatience = 5000

    struct Shared {
        var state: ControllerState
        var starts = PodStarts()
        /// The labels of each node, by which pools of nodes are told apart.
        var nodeLabels: [String: [String: String]] = [:]
        var proven = ProvenSources()
        var isOver = false

        /// Forgets the sources of images that nobody wants.
        mutating func retainProven() { proven.retain { [state] in state.wants($0) } }
    }

    let client: KubernetesClient
    let build: ImageBuild
    let secrets: PullSecrets
    let events: EventRecorder
    let metrics = ControllerMetrics()
    let coldStarts = ColdStartMetrics()
    let questions: NodeQuestions
    let log: Logger
    let shared: Monitor<Shared>
    private let builds: RunningBuilds
    private let reports: AsyncStream<HermesPolicy>
    private let reporter: AsyncStream<HermesPolicy>.Continuation

    /// Reads from the store what was built before. Blocks; throws the store's error. `questions` are those that nodes ask.
    init(
        _ configuration: ControllerConfiguration, client: KubernetesClient, store: ArtifactStore,
        questions: NodeQuestions, http: HTTPClient, log: Logger
    ) throws {
        self.client = client
        self.questions = questions
        self.log = log
        build = ImageBuild(
            store: store, turns: LayerTurns(limit: configuration.layersAtOnce), http: http, hosts: configuration.hosts,
            spanSize: configuration.spanSize, jobs: configuration.layersAtOnce)
        secrets = PullSecrets(client: client, log: log)
        events = EventRecorder(client: client, component: "hermes-controller", logger: log)
        builds = RunningBuilds(timeLimit: configuration.buildTimeLimit * 1000)
        let stored = try StoredImages.read(store)
        shared = Monitor(Shared(state: ControllerState(atOnce: configuration.buildsAtOnce, stored: stored)))
        (reports, reporter) = AsyncStream.makeStream(of: HermesPolicy.self)
    }

    /// Why the controller does not know the cluster yet; nil once it does.
    var unready: String? {
        let missing = shared.withLock { $0.value.state.missing }
        guard !missing.isEmpty else { return nil }
        return "these are not listed yet: \(missing.map { "\($0)" }.joined(separator: ", "))"
    }

    /// The metrics with the values that they have now.
    func families() -> [MetricFamily] {
        metrics.families(shared.withLock { $0.value.state.counts }) + coldStarts.families()
    }

    /// What the store has of the images that Pods run.
    var readyKeys: [Artifact.Key] {
        shared.withLock { $0.value.state.readyImages }.compactMap {
            try? Artifact.Key(image: $0.imageDigestRef, platform: $0.platform)
        }
    }

    /// Works until the task is cancelled. Builds have ended then. Throws `system` when a thread cannot start.
    func run() async throws {
        let planner = try SystemThread("hermes-plan") { [self] in plan() }
        await withTaskGroup(of: Void.self) { group in
            watch(in: &group)
            group.addTask { [self] in
                for await policy in reports { await report(policy) }
            }
            // Each of them ends when it is cancelled, and not before.
            await group.waitForAll()
        }
        update { $0.isOver = true }
        try? await SystemThread.run("hermes-plan") { [builds] in
            planner.join()
            builds.stopAll(milliseconds: Self.stopPatience)
        }
        await events.finish()
    }

    /// Changes what is known, and has it planned anew if that makes a difference.
    func update<Result>(_ body: (inout Shared) -> Result) -> Result {
        shared.withLock { held in
            let result = body(&held.value)
            if held.value.state.isChanged || held.value.isOver { held.broadcast() }
            return result
        }
    }

    /// Plans whenever something has happened.
    private func plan() {
        var wake: Monotonic?
        while true {
            let plan: ControllerState.Plan? = shared.withLock { held in
                while !held.value.state.isChanged, !held.value.isOver {
                    let rest = wake.map { Int64($0.milliseconds(since: .now())) }
                    if let rest, rest <= 0 { break }
                    held.wait(milliseconds: min(rest.map { $0 + 1 } ?? 60_000, 60_000))
                }
                guard !held.value.isOver else { return nil }
                let plan = held.value.state.plan(now: .now(), time: .now())
                held.value.retainProven()
                return plan
            }
            guard let plan else { return }
            wake = plan.wake
            for target in plan.stop { builds.stop(target) }
            for wish in plan.begin { begin(wish, on: builds) }
            for policy in plan.report { reporter.yield(policy) }
            usleep(UInt32(Self.planPause * 1000))
        }
    }
}
