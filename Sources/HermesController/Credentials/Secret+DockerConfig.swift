import HermesCore
import HermesKubernetes
import HermesSupport

extension Secret {
    /// What a pull secret says of registries (Kubernetes, "Docker config Secrets"); nil for a secret of another type. `name` names it
    /// in errors. Throws `corrupt`.
    func dockerConfig(name: String) throws -> DockerConfig? {
        let (key, isLegacy) =
            switch type {
            case "kubernetes.io/dockerconfigjson": (".dockerconfigjson", false)
            case "kubernetes.io/dockercfg": (".dockercfg", true)
            default: ("", false)
            }
        guard !key.isEmpty else { return nil }
        guard let text = data?[key], let bytes = Base64.decode(text) else {
            throw HermesError(.corrupt, "\(name) has no valid \(key)")
        }
        return try DockerConfig(pullSecret: bytes, isLegacy: isLegacy, name: name)
    }
}
