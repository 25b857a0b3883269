import HermesCore
import HermesKubernetes

/// Decides whether a start in a cluster was cold. A bench cannot make a node forget an image, so a start counts as warm
/// wherever it is not known that the node did not have the image.
struct ColdImage: Sendable {
    /// How many images a kubelet lists in a node's status (nodeStatusMaxImages): with that many, one may be left out.
    private static let listLimit = 50

    /// Whether a kubelet asks the registry even for an image that it has (imagePullPolicy Always).
    let isAlwaysPulled: Bool
    /// Whether the node had the image before the start; nil where that is not known.
    let nodeHadImage: Bool?

    /// What a node's status says of an image; nil where it does not say. `isKnown` when an earlier start brought the
    /// image: the status is some seconds old.
    static func has(_ image: String, on node: Node, isKnown: Bool) -> Bool? {
        if isKnown { return true }
        guard let images = node.status?.images, let wanted = try? Reference(image) else { return nil }
        let names = images.flatMap { $0.names ?? [] }
        if names.contains(where: { (try? Reference($0)).map { $0.isSame(as: wanted) } ?? false }) { return true }
        return images.count < listLimit ? false : nil
    }

    func isCold(_ start: PodStartMachine) -> Bool {
        if start.wasImagePresent { return false }
        if start.hasPulled, !isAlwaysPulled { return true }
        return nodeHadImage == false
    }
}

extension Reference {
    /// Whether both name one image: the same digest of a repository, or the same tag where one of them has no digest.
    fileprivate func isSame(as other: Reference) -> Bool {
        guard registry == other.registry, repository == other.repository else { return false }
        if let digest, let wanted = other.digest { return digest == wanted }
        return digest == nil && other.digest == nil && target == other.target
    }
}
