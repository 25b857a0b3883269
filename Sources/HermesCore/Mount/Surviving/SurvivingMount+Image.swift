import HermesSupport
import Logging

/// The mount of one image that survives: `hermes mount --survive`.
extension SurvivingMount {
    /// Takes the mount on `directory` from its holder, or starts a holder. Asks no file system of the mount. Throws as the other,
    /// and `cannotCreate` when the folder shows something else than the holder's mount.
    package init(on directory: String, log: Logger) throws {
        try self.init(on: directory, patience: HeldMount.imagePatience, log: log)
        guard isInPlace else {
            throw HermesError(
                .cannotCreate, "\(place.directory) does not show the mount that a holder keeps",
                advice: "unmount what lies above it")
        }
    }

    /// Whether a process before this one has made the mount.
    package var isHeld: Bool { held != nil }

    /// The image that the mount shows, which is to be the one that is wanted, with the index that is wanted, if one is; nil where
    /// there is no mount yet. Throws `usage` for a mount that shows something else.
    package func image(reference: String, platform: String?, index: Digest?) throws -> HeldImage? {
        guard let held else { return nil }
        let shown: String
        switch held.content {
        case .image(let image)
        where image.reference == reference && image.platform == platform && index ?? image.index == image.index:
            return image
        case .image(let image):
            shown = image.reference + (image.platform.map { " for \($0)" } ?? "") + " with the index \(image.index)"
        case .node: shown = "the images of a node"
        }
        throw HermesError(
            .usage, "\(place.directory) shows \(shown.printable(300)), and goes on with that alone",
            advice: "umount \(place.directory) first")
    }
}
