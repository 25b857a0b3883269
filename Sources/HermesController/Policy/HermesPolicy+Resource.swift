import HermesKubernetes

extension HermesPolicy {
    static let apiVersion = "hermes.cloudpilot.ai/v1alpha1"
    static let kind = "HermesPolicy"
}

extension ResourcePath {
    static let hermesPolicies = ResourcePath(
        group: "hermes.cloudpilot.ai", version: "v1alpha1", plural: "hermespolicies")
}
