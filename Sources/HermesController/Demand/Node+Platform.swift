import HermesCore
import HermesKubernetes

extension Node {
    /// The platform of its containers, as the kubelet reports it or as its labels say; nil when the node says neither, and for
    /// a node without Linux, where no daemon of Hermes runs.
    package var platform: Platform? {
        let labels = metadata.labels ?? [:]
        guard let os = status?.nodeInfo?.operatingSystem ?? labels["kubernetes.io/os"],
            let architecture = status?.nodeInfo?.architecture ?? labels["kubernetes.io/arch"], os == "linux"
        else { return nil }
        return try? Platform(parsing: "\(os)/\(architecture)")
    }
}
