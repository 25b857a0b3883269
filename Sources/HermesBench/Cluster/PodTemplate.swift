import HermesSupport

/// The Pod that a bench starts again and again, as a file describes it.
package struct PodTemplate: Sendable {
    /// The namespace that the file names; nil when it names none.
    package let namespace: String?
    /// The first container, the start of which is measured.
    let container: String
    /// The reference of its image, as it is written.
    let image: String
    /// The words of its command and arguments; empty for what the image says.
    let command: [String]
    private let metadata: YAML.Value
    private let spec: YAML.Value

    /// A label that lets a ReplicaSet take a Pod for one of its own.
    private static let replicaSetLabel = "pod-template-hash"

    /// Reads the first Deployment or Pod of a stream of YAML documents, or of JSON, that `name` names in errors. Throws
    /// `corrupt`, and `usage` when there is none, or when it cannot be started on a pool.
    package init(parsing bytes: [UInt8], name: String) throws {
        for document in try YAML.documents(bytes, name: name) where !document.isNull {
            switch try document.optional("kind")?.string() {
            case "Pod":
                try self.init(pod: document, in: document)
                return
            case "Deployment":
                try self.init(pod: try document.member("spec").member("template"), in: document)
                return
            default: continue
            }
        }
        throw HermesError(.usage, "\(name) has neither a Deployment nor a Pod")
    }

    private init(pod: YAML, in document: YAML) throws {
        let spec = try pod.member("spec")
        guard let first = try spec.member("containers").list().first else {
            throw HermesError(.usage, "\(document.document) has a Pod without containers")
        }
        guard try spec.optional("nodeName") == nil else {
            throw HermesError(
                .usage, "\(document.document) names a node in nodeName, so that no pool can be chosen",
                advice: "remove nodeName")
        }
        namespace = try document.optional("metadata")?.optional("namespace")?.string()
        container = try first.member("name").string()
        image = try first.member("image").string()
        command = try ["command", "args"].flatMap { try first.optional($0)?.list().map { try $0.string() } ?? [] }
        self.spec = spec.value
        metadata = try pod.optional("metadata")?.value ?? .mapping([])
        // What is edited later is a mapping, and all of it can be written as JSON.
        for part in [try pod.optional("metadata")?.optional("labels"), try spec.optional("nodeSelector")] {
            _ = try part?.mapping()
        }
        do {
            _ = try JSON.encode(spec.value)
            _ = try JSON.encode(metadata)
        } catch {
            throw HermesError(.corrupt, "\(document.document) cannot be sent to an API server", cause: error)
        }
    }

    /// The Pod to create on a pool: the template's specification, labels and annotations, and no more of its metadata,
    /// so that the Pod has no owner. Labels of the pool replace those that the template's nodeSelector has.
    func pod(name: String, on pool: NodePool, labels: [String: String]) -> YAML.Value {
        let selector = pool.labels.map { YAML.Entry(key: $0.key, value: .text($0.value)) }
        let added = labels.sorted { $0.key < $1.key }.map { YAML.Entry(key: $0.key, value: .text($0.value)) }
        let kept = metadata["labels"].entries.filter { $0.key != Self.replicaSetLabel }
        return .mapping([
            .init(key: "apiVersion", value: .text("v1")),
            .init(key: "kind", value: .text("Pod")),
            .init(
                key: "metadata",
                value: .mapping([
                    .init(key: "name", value: .text(name)),
                    .init(key: "labels", value: .mapping(kept).merging(added)),
                    .init(key: "annotations", value: metadata["annotations"] ?? .mapping([])),
                ])),
            .init(
                key: "spec",
                value: spec.merging([
                    .init(key: "nodeSelector", value: (spec["nodeSelector"] ?? .mapping([])).merging(selector))
                ])),
        ])
    }
}

extension YAML.Value {
    fileprivate static func text(_ text: String) -> YAML.Value { .scalar(.init(text: text, isPlain: false)) }

    /// The value of a key of a mapping; nil without it.
    fileprivate subscript(key: String) -> YAML.Value? {
        guard case .mapping(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The mapping with entries that replace those of the same keys. Anything but a mapping counts as an empty one.
    fileprivate func merging(_ added: [YAML.Entry]) -> YAML.Value {
        let keys = Set(added.map(\.key))
        return .mapping(Optional(self).entries.filter { !keys.contains($0.key) } + added)
    }
}

extension YAML.Value? {
    fileprivate var entries: [YAML.Entry] { if case .mapping(let entries) = self { entries } else { [] } }
}
