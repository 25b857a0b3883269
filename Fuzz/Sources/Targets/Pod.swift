@testable import HermesSupport

extension FuzzTarget {
    /// A pool of nodes, in the first line, and the YAML documents that the Pod of a bench is read from. The library that reads both
    /// needs gRPC, which would take longer to build than all targets, so its two files are linked into this program.
    static let pod = FuzzTarget(name: "pod") { bytes in
        var input = FuzzInput(bytes)
        let pool = try (try? NodePool(parsing: input.text())) ?? NodePool(parsing: "hermes=pool=hermes")
        let file = Array(input.rest)
        if let alone = try? YAML.parse(file, name: "pod") {
            check((try? YAML.documents(file, name: "pod")) == [alone], "a stream of one document is another")
        }
        let template = try PodTemplate(parsing: file, name: "pod")
        let pod = try JSON.encode(template.pod(name: "bench-1", on: pool, labels: ["hermes.dev/bench": "side"]))
        let read: CreatedPod
        do {
            read = try JSON.decode(CreatedPod.self, from: pod, name: "pod")
        } catch {
            return check(false, "a Pod that no API server can read: \(error)")
        }
        check(read.kind == "Pod" && read.metadata.name == "bench-1", "the Pod is another")
        check(read.metadata.labels["hermes.dev/bench"]?.text == "side", "the label is another")
        check(read.metadata.labels["pod-template-hash"] == nil, "a ReplicaSet can take the Pod")
        check(!read.spec.containers.isEmpty && read.spec.nodeName == nil, "the Pod cannot start on a pool")
        for label in pool.labels { check(read.spec.nodeSelector[label.key]?.text == label.value, "another pool") }
    }

    private struct CreatedPod: Decodable {
        struct Metadata: Decodable {
            var name: String
            var labels: [String: Anything]
        }
        struct Spec: Decodable {
            var containers: [Anything]
            var nodeName: Anything?
            var nodeSelector: [String: Anything]
        }
        var kind: String
        var metadata: Metadata
        var spec: Spec
    }

    /// A value of any kind.
    private struct Anything: Decodable {
        /// The value where it is a text.
        let text: String?

        init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
    }
}
