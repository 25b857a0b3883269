import HermesCore

/// The field `imageID` of a container's status.
enum ImageID {
    /// The digest in "repository@digest", which Docker writes as "docker-pullable://repository@digest"; nil where the text holds
    /// none (an image that a node has under its configuration's digest only), or one of another repository than `image` names:
    /// a node with one image from two places reports one of them, and a digest means nothing elsewhere.
    static func digest(of imageID: String, for image: String) -> Digest? {
        guard imageID.utf8.count <= 2048 else { return nil }
        let prefix = "docker-pullable://"
        let text = imageID.hasPrefix(prefix) ? String(imageID.dropFirst(prefix.count)) : imageID
        guard text.contains("@"), let found = try? Reference(text), let asked = try? Reference(image),
            found.registry == asked.registry, found.repository == asked.repository
        else { return nil }
        return found.digest
    }
}
