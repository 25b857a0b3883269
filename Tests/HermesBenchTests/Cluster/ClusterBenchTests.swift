import HermesHTTP
import HermesKubernetes
import HermesSupport
import HermesTestKit
import Logging
import Testing

@testable import HermesBench

/// Against a real API server. It has neither a scheduler nor nodes; where a Pod is to start, the test does what these
/// would do.
@Suite(.enabled(if: TestCluster.isAvailable)) struct ClusterBenchTests {
    private static let workload = """
        kind: Pod
        metadata: {name: template}
        spec:
          terminationGracePeriodSeconds: 0
          containers: [{name: main, image: "registry.example/server:1"}]
        """

    private struct Cluster: Sendable {
        let client: KubernetesClient
        let namespace = "bench-\(UInt32.random(in: 0...UInt32.max))"

        private struct Made: Encodable {
            var metadata: ObjectMeta
        }

        init() async throws {
            let cluster = try await onBlockingThread { try TestCluster.shared.get() }
            client = KubernetesClient(try .kubeconfig(cluster.kubeconfig()), http: try HTTPClient())
            _ = try await client.create(
                Made(metadata: ObjectMeta(name: namespace)), .namespaces, as: HermesKubernetes.Namespace.self)
        }

        func bench(pools: Int = 1, timeout: Int = 60) throws -> ClusterBench {
            let template = try PodTemplate(parsing: Array(ClusterBenchTests.workload.utf8), name: "workload.yaml")
            var options = ClusterBench.Options(
                template: template,
                pools: try (1...pools).map { try NodePool(parsing: "pool \($0)=pool=\($0),in=\(namespace)") },
                namespace: namespace)
            options.rounds = 1
            options.timeout = timeout
            return try ClusterBench(options, client: client, logger: Logger(label: "test"), progress: { _ in })
        }

        var pods: BenchPods { BenchPods(client: client, namespace: namespace) }

        func names() async throws -> [String] {
            try await client.list(Pod.self, pods.path).items.map(\.metadata.name)
        }

        /// Waits until there is a Pod.
        func firstPod() async throws -> Pod {
            while true {
                if let pod = try await client.list(Pod.self, pods.path).items.first { return pod }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        func post(_ json: String, _ path: ResourcePath) async throws {
            struct Ignored: Decodable {}
            let value = try YAML.parse(Array(json.utf8), name: "object").value
            _ = try await client.create(value, path, as: Ignored.self)
        }

        func patch(_ json: String, _ path: ResourcePath) async throws {
            struct Ignored: Decodable {}
            let value = try YAML.parse(Array(json.utf8), name: "patch").value
            _ = try await client.mergePatch(value, path, as: Ignored.self)
        }

        func event(_ reason: String, _ pod: Pod) async throws {
            var path = ResourcePath.events
            path.namespace = namespace
            try await post(
                """
                {metadata: {generateName: e}, reason: \(reason), message: m, type: Normal, involvedObject:
                {apiVersion: v1, kind: Pod, name: \(pod.metadata.name), namespace: \(namespace),
                fieldPath: "spec.containers{main}"}}
                """, path)
        }
    }

    /// Plays the scheduler and the kubelet for one Pod.
    private static func start(_ pod: Pod, on node: String, _ cluster: Cluster) async throws {
        let path = cluster.pods.path.object(pod.metadata.name)
        var binding = path
        binding.subresource = "binding"
        try await cluster.post(
            "{metadata: {name: \(pod.metadata.name)}, target: {kind: Node, name: \(node)}}", binding)
        for reason in ["Pulling", "Pulled", "Created", "Started"] { try await cluster.event(reason, pod) }
        try await cluster.patch(
            """
            {status: {phase: Running, podIP: 127.0.0.1, conditions: [{type: Ready, status: "True"}],
            containerStatuses: [{name: main, image: x, imageID: "r.example/x@sha256:\(String(repeating: "a", count: 64))",
            restartCount: 0, ready: true, state: {running: {startedAt: "2026-01-01T00:00:00Z"}}}]}}
            """, path.status)
    }

    @Test(.timeLimit(.minutes(5))) func measuresAStart() async throws {
        let cluster = try await Cluster()
        let node = "node-\(cluster.namespace)"
        try await cluster.post("{metadata: {name: \(node)}}", .nodes)
        try await cluster.patch(
            """
            {status: {capacity: {cpu: "4", memory: 1024Ki}, images: [{names: ["r.example/other:1"]}], nodeInfo:
            {kernelVersion: "6.1.0", kubeletVersion: v1.2.3, containerRuntimeVersion: "containerd://1.6", machineID: "",
            systemUUID: "", bootID: "", osImage: "", kubeProxyVersion: "", operatingSystem: linux, architecture: amd64}}}
            """, ResourcePath.nodes.object(node).status)
        async let report = try cluster.bench().run()
        let pod = try await cluster.firstPod()
        #expect(pod.metadata.labels?.keys.contains(BenchPods.label) == true)
        try await Self.start(pod, on: node, cluster)
        let measured = try await report
        try measured.check()
        let start = try #require(measured.sides.first?.starts.first)
        #expect(start.outcome == .complete && start.error == nil && start.isCold)
        #expect(start.phases.map(\.name) == [.schedule, .pull, .create, .start, .ready])
        #expect(measured.machine.kernel == "6.1.0" && measured.machine.processors == 4)
        #expect(measured.machine.memoryBytes == 1 << 20)
        #expect(measured.machine.runtime == "Kubernetes v1.2.3 containerd://1.6")
        #expect(measured.workload.manifest == "sha256:" + String(repeating: "a", count: 64))
        #expect(try await cluster.names() == [])
    }

    @Test(.timeLimit(.minutes(5))) func aPodWithoutANodeTimesOut() async throws {
        let cluster = try await Cluster()
        let report = try await cluster.bench(pools: 2, timeout: 1).run()
        try report.check()
        #expect(report.sides.map(\.name) == ["pool 1", "pool 2"])
        for side in report.sides {
            let start = try #require(side.starts.first)
            #expect(start.outcome == .timedOut && !start.isCold && start.phases == [])
            #expect(start.error == "no node took the Pod: the scheduler did not say why")
        }
        #expect(try await cluster.names() == [])
    }

    @Test(.timeLimit(.minutes(5))) func deletesWhatAnEarlierBenchLeft() async throws {
        let cluster = try await Cluster()
        let pods = cluster.pods
        for (name, label) in [("left", BenchPods.label), ("other", "app")] {
            try await cluster.post(
                """
                {metadata: {name: \(name), labels: {\(label): x}}, spec: {containers: [{name: a, image: b}],
                terminationGracePeriodSeconds: 0}}
                """, pods.path)
        }
        _ = try await cluster.bench(timeout: 1).run()
        #expect(try await cluster.names() == ["other"])
    }

    @Test(.timeLimit(.minutes(5))) func leavesNothingWhenItIsStopped() async throws {
        let cluster = try await Cluster()
        let work = Task { try await cluster.bench().run() }
        _ = try await cluster.firstPod()
        work.cancel()
        let error = await #expect(throws: HermesError.self) { try await work.value }
        #expect(error?.code == .interrupted)
        #expect(try await cluster.names() == [])
    }

    @Test(.timeLimit(.minutes(5))) func endsWhereAPodIsRefused() async throws {
        let cluster = try await Cluster()
        var options = try cluster.bench().options
        let text = "{kind: Pod, spec: {containers: [{name: Not_A_Name, image: b}]}}"
        options.template = try PodTemplate(parsing: Array(text.utf8), name: "workload.yaml")
        let bench = try ClusterBench(
            options, client: cluster.client, logger: Logger(label: "test"), progress: { _ in })
        let error = await #expect(throws: HermesError.self) { try await bench.run() }
        #expect(error?.kubernetesStatus?.code == 422)
    }
}
