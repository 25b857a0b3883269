import Glibc
import HermesSupport

/// The indexes that were found to describe other files than their image holds: `refused/<manifest digest>`, which stays when
/// the image goes.
extension ImageCache {
    /// The most indexes of one image that are remembered; the oldest go.
    private static let refusedLimit = 1000

    /// The digests of the refused indexes of an image, the oldest first.
    func refusedIndexes(of image: Digest) -> [Digest] {
        let path = refusedPath(image)
        guard let bytes = try? LocalFile.read(path, limit: 1 << 20) else { return [] }
        return (try? JSON.decode([Digest].self, from: bytes, name: path)) ?? []
    }

    /// Remembers that an index of an image is not to be used again, and removes what was compiled from it. Throws the file
    /// error.
    func refuse(_ index: Digest, of image: Digest) throws {
        defer { forgetCompiled(image, from: index) }
        let known = refusedIndexes(of: image).filter { $0 != index }
        try AtomicFile.write(
            try JSON.encode(known.suffix(Self.refusedLimit - 1) + [index]), to: refusedPath(image),
            temporaryIn: "\(path)/refused")
    }

    private func refusedPath(_ image: Digest) -> String { "\(path)/refused/\(image.hex)" }
}
