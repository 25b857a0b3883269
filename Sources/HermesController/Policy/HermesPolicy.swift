import HermesKubernetes

/// A HermesPolicy (hermes.cloudpilot.ai/v1alpha1, of the whole cluster): which images get an index.
package struct HermesPolicy: KubernetesObject, Hashable {
    package struct Spec: Codable, Sendable, Hashable {
        /// Whether nothing new is built; what was built is still served.
        package var paused: Bool?
        /// An image that any of these selects is selected.
        package var imageSelectors: [ImageSelector]?
        /// Platforms as "os/architecture" or "os/architecture/variant"; those of the cluster's nodes when empty.
        package var platforms: [String]?
        /// The namespaces whose Pods count, by their labels; all when nil.
        package var namespaceSelector: LabelSelector?
        /// The Pods that count, by their labels; all when nil.
        package var podSelector: LabelSelector?
    }

    package struct ImageSelector: Codable, Sendable, Hashable {
        /// An expression of RE2, found anywhere in the Pod's own text of the image.
        package var imageRegex: String?
    }

    package struct Status: Codable, Sendable, Hashable {
        /// The generation of the spec that this status is about.
        package var observedGeneration: Int64?
        /// Images, of one platform each, whose index can be served, is being built or waited for, cannot be built.
        package var ready: Int32?
        package var building: Int32?
        package var failed: Int32?
        /// The newest 200 of them.
        package var images: [Image]?
        package var conditions: [Condition]?
    }

    /// The state of one image for one platform.
    package struct Image: Codable, Sendable, Hashable {
        package enum Phase: String, Codable, Sendable, CaseIterable {
            case building = "Building"
            case ready = "Ready"
            case failed = "Failed"
        }
        /// "repository@digest"; the reference as it was asked for while that is not resolved.
        package var imageDigestRef: String
        package var platform: String
        package var phase: Phase
        /// When the phase was last reached by a build (RFC 3339).
        package var lastBuildTime: String?
        package var error: String?
    }

    package var metadata: ObjectMeta
    package var spec: Spec
    package var status: Status?
}
