import HermesCore
import HermesSupport

/// What tells cold starts apart in metrics.
package struct ColdStartLabels: Hashable, Sendable {
    /// The size of the Pod's largest image.
    package enum Size: String, Sendable, CaseIterable {
        /// Less than 1 GiB.
        case small
        /// Less than 5 GiB.
        case medium
        case large
        case unknown

        /// The class of so many bytes; unknown for nil and for less than 0.
        package init(bytes: Int64?) {
            self =
                switch bytes {
                case .some(0..<1 << 30): .small
                case .some(1 << 30..<5 << 30): .medium
                case .some(let bytes) where bytes > 0: .large
                default: .unknown
                }
        }
    }

    /// Whether the Pod's image was shown lazily.
    package enum Lazy: String, Sendable, CaseIterable {
        case yes = "true"
        case no = "false"
        case unknown

        package init(_ isLazy: Bool?) {
            self = isLazy.map { $0 ? .yes : .no } ?? .unknown
        }
    }

    package let pool: String
    package let size: Size
    package let lazy: Lazy

    /// `nodeLabels` are those of the Pod's node.
    package init(nodeLabels: [String: String], bytes: Int64?, isLazy: Bool?) {
        pool = Self.pool(nodeLabels)
        size = Size(bytes: bytes)
        lazy = Lazy(isLazy)
    }

    /// `images` are the manifests with an index that each image of the Pod may be. `creation` is the Pod's, and `asked` says when its node
    /// was given the index of a manifest last; all in Unix seconds.
    ///
    /// A Pod is lazy when its node was given an index since its creation. It is not when no index was ready at its creation. Else the
    /// node had the image already, lazily or not, or did not say its name.
    init(
        nodeLabels: [String: String], images: [IndexedImage], creation: Int64, asked: (Digest) -> Int64?
    ) {
        let isLazy = images.contains { image in asked(image.manifest).map { $0 >= creation } ?? false }
        let isEager = images.allSatisfy { $0.since > creation }
        self.init(
            nodeLabels: nodeLabels, bytes: images.compactMap(\.size).max(),
            isLazy: isLazy ? true : isEager ? false : nil)
    }

    /// The labels by which those who run clusters name a group of like nodes, the most common first.
    private static let poolLabels = [
        "karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup", "cloud.google.com/gke-nodepool",
        "kubernetes.azure.com/agentpool", "node.kubernetes.io/instance-type",
    ]

    private static func pool(_ labels: [String: String]) -> String {
        // The API server allows 63 bytes.
        poolLabels.lazy.compactMap { labels[$0] }.first { !$0.isEmpty }?.printable(63) ?? "unknown"
    }
}
