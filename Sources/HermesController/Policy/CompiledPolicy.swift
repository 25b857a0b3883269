import HermesCore
import HermesKubernetes
import HermesSupport

/// A policy with its expressions compiled and its platforms read, so that each is done once for many images.
package struct CompiledPolicy: Sendable {
    /// Expressions of one policy that are compiled; the schema of the kind allows no more.
    static let selectorLimit = 100
    /// Platforms of one policy that are used; the schema allows no more.
    static let platformLimit = 32
    /// Bytes of one expression.
    static let expressionLimit = 4096

    /// The policy's name and the generation of the spec that was compiled.
    package let version: PolicyVersion
    /// Whether nothing new is to be built for it.
    package let isPaused: Bool
    /// The platforms of its indexes; nil for those of the cluster's nodes.
    package let platforms: [Platform]?
    /// What of the spec cannot be used, one clause for each part. The rest of the spec is in force.
    package let faults: [String]
    /// The Pods that count; nil when all do.
    let scope: Scope?
    private let expressions: [RegularExpression]

    /// Which Pods count.
    struct Scope: Sendable {
        let namespaces: LabelSelector?
        let pods: LabelSelector?

        /// Whether a Pod with these labels, in a namespace with these, counts. A selector for namespaces selects none whose
        /// labels are not known.
        func includes(pod: [String: String], namespace: [String: String]?) -> Bool {
            (pods?.matches(pod) ?? true) && (namespaces.map { namespace.map($0.matches) ?? false } ?? true)
        }
    }

    /// Compiles what can be compiled. A part that is not valid selects nothing and harms no other.
    package init(_ policy: HermesPolicy) {
        var faults: [String] = []
        version = PolicyVersion(name: policy.metadata.name, generation: policy.metadata.generation ?? 0)
        isPaused = policy.spec.paused ?? false
        expressions = Self.compile(policy.spec.imageSelectors ?? [], &faults)
        platforms = Self.read(policy.spec.platforms ?? [], &faults)
        let (namespaces, pods) = (policy.spec.namespaceSelector, policy.spec.podSelector)
        scope = namespaces == nil && pods == nil ? nil : Scope(namespaces: namespaces, pods: pods)
        self.faults = faults
    }

    /// Whether an expression is found anywhere in the text by which a Pod names its image.
    package func selects(image: String) -> Bool { expressions.contains { $0.matches(image) } }

    /// Whether Pods with these labels, in a namespace with these (nil when they are not known), count.
    func includes(pod: [String: String], namespace: [String: String]?) -> Bool {
        scope?.includes(pod: pod, namespace: namespace) ?? true
    }

    private static func compile(
        _ selectors: [HermesPolicy.ImageSelector], _ faults: inout [String]
    ) -> [RegularExpression] {
        var expressions: [RegularExpression] = []
        for (index, selector) in selectors.prefix(selectorLimit).enumerated() {
            let name = "imageSelectors[\(index)].imageRegex"
            // The empty expression is found in every text: nobody who left it out means all images of the cluster.
            guard let text = selector.imageRegex, !text.isEmpty else {
                faults.append("\(name) is missing")
                continue
            }
            guard text.utf8.count <= expressionLimit else {
                faults.append("\(name) has more than \(expressionLimit) bytes")
                continue
            }
            do {
                expressions.append(try RegularExpression(Array(text.utf8)))
            } catch {
                faults.append("\(name) \"\(text.printable(100))\" is not valid: \(error.reason.printable(200))")
            }
        }
        if selectors.count > selectorLimit {
            faults.append("only the first \(selectorLimit) of \(selectors.count) imageSelectors are used")
        }
        return expressions
    }

    /// Nil when the policy names no platform. An empty list when none of those that it names is valid: a policy with a wrong
    /// word in it must not spread to all platforms.
    private static func read(_ texts: [String], _ faults: inout [String]) -> [Platform]? {
        guard !texts.isEmpty else { return nil }
        var platforms: [Platform] = []
        for (index, text) in texts.prefix(platformLimit).enumerated() {
            guard let platform = try? Platform(parsing: text) else {
                faults.append(
                    "platforms[\(index)] \"\(text.printable(100))\" is not of the form os/architecture[/variant]")
                continue
            }
            if !platforms.contains(platform) { platforms.append(platform) }
        }
        if texts.count > platformLimit {
            faults.append("only the first \(platformLimit) of \(texts.count) platforms are used")
        }
        return platforms
    }
}
