import HermesCore
import HermesSupport

@testable import HermesController
@testable import HermesKubernetes

/// Objects of a cluster for tests.
enum Samples {
    static let amd64 = Platform(architecture: "amd64", os: "linux")
    static let arm64 = Platform(architecture: "arm64", os: "linux")
    static let digest = "sha256:" + String(repeating: "a", count: 64)
    static let otherDigest = "sha256:" + String(repeating: "b", count: 64)

    static func policy(
        _ name: String = "p", _ expressions: [String] = [".*"], generation: Int64 = 1, paused: Bool = false,
        platforms: [String]? = nil, namespaces: [String: String]? = nil, pods: [String: String]? = nil
    ) -> HermesPolicy {
        var metadata = ObjectMeta(name: name)
        metadata.generation = generation
        return HermesPolicy(
            metadata: metadata,
            spec: HermesPolicy.Spec(
                paused: paused, imageSelectors: expressions.map { HermesPolicy.ImageSelector(imageRegex: $0) },
                platforms: platforms, namespaceSelector: namespaces.map { LabelSelector(matchLabels: $0) },
                podSelector: pods.map { LabelSelector(matchLabels: $0) }))
    }

    static func pod(
        _ name: String, _ images: [String], in namespace: String = "one", labels: [String: String] = [:],
        account: String? = nil, secrets: [String] = [], phase: String? = "Running", imageIDs: [String]? = nil,
        pullPolicy: String? = nil
    ) -> Pod {
        var metadata = ObjectMeta(name: name, namespace: namespace, labels: labels)
        metadata.uid = "\(namespace)/\(name)"
        let statuses = imageIDs?.enumerated().map { index, id in
            Pod.ContainerStatus(name: "c\(index)", imageID: id, state: state(running: !id.isEmpty))
        }
        return Pod(
            metadata: metadata,
            spec: Pod.Spec(
                serviceAccountName: account, imagePullSecrets: secrets.map { Pod.LocalReference(name: $0) },
                containers: images.enumerated().map {
                    Pod.Container(name: "c\($0)", image: $1, imagePullPolicy: pullPolicy)
                }),
            status: Pod.Status(phase: phase, containerStatuses: statuses))
    }

    static func namespace(_ name: String, _ labels: [String: String]) -> Namespace {
        Namespace(metadata: ObjectMeta(name: name, labels: labels))
    }

    static func node(_ name: String, _ architecture: String, os: String = "linux") -> Node {
        Node(
            metadata: ObjectMeta(name: name),
            status: Node.Status(nodeInfo: Node.Info(operatingSystem: os, architecture: architecture)))
    }

    static func wanted(
        _ image: String, awaited: Bool = false, paused: Bool = false, generation: Int64 = 1,
        scopes: [PullScope] = [], digests: [Digest] = [], arrival: Int = 0
    ) -> WantedImage {
        WantedImage(
            target: BuildTarget(image: image, platform: amd64),
            policies: [PolicyVersion(name: "p", generation: generation)], isPaused: paused, podCount: 1,
            pods: [PodName(namespace: "one", name: "a")], scopes: scopes, isAwaited: awaited, digests: digests,
            arrival: arrival)
    }

    static func state(running: Bool) -> Pod.ContainerStatus.State {
        running
            ? Pod.ContainerStatus.State(running: .init(startedAt: "2026-01-01T00:00:00Z"))
            : Pod.ContainerStatus.State(waiting: .init(reason: "ContainerCreating"))
    }

    /// A time of one hour of one day, as the API server writes it.
    static func time(_ second: Int) -> String { Timestamp(seconds: 1_767_225_600 + Int64(second)).rfc3339 }
}
