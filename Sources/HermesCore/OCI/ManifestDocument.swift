import FoundationEssentials
import HermesSupport

/// The answer of a manifest endpoint: one image's manifest, or an index of them.
package enum ManifestDocument: Sendable, Equatable {
    /// One image or artifact.
    case manifest(ImageManifest)
    /// A list of manifests.
    case index(ImageIndex)

    /// The largest manifest that is read, in bytes: the limit that the distribution spec asks registries to accept.
    package static let sizeLimit = 4 << 20

    /// Parses a document and checks it. `name` names the document in errors.
    ///
    /// The content decides the kind, because builders leave `mediaType` out. A document that could be taken for both
    /// kinds, or calls itself the other kind, is refused (CVE-2021-41190). Throws `corrupt` when the document is not a
    /// manifest, and `unsupported` for Docker's schema 1.
    package static func parse(_ bytes: [UInt8], name: String) throws -> ManifestDocument {
        guard bytes.count <= sizeLimit else {
            throw HermesError(.corrupt, "\(name) is larger than \(sizeLimit >> 20) MiB, which no manifest is")
        }
        let shape = try JSON.decode(Shape.self, from: bytes, name: name)
        if shape.schemaVersion == 1 || shape.fsLayers != nil {
            throw HermesError(
                .unsupported, "\(name) is a manifest of Docker's old schema 1", advice: "push the image again"
            )
        }
        guard shape.schemaVersion == 2 else {
            throw HermesError(.corrupt, "\(name) has no \"schemaVersion\": 2")
        }
        let isIndex = shape.manifests != nil
        guard isIndex != (shape.config != nil || shape.layers != nil) else {
            throw HermesError(.corrupt, "\(name) is neither a manifest nor an index of manifests")
        }
        let contradicts = isIndex ? MediaType.isManifest : MediaType.isIndex
        if let type = shape.mediaType, contradicts(type) {
            throw HermesError(.corrupt, "\(name) says it is \(type.printable(100)), but its content is not")
        }
        if isIndex {
            let index = try JSON.decode(ImageIndex.self, from: bytes, name: name)
            try check(index.manifests + [index.subject].compactMap(\.self), name: name)
            return .index(index)
        }
        let manifest = try JSON.decode(ImageManifest.self, from: bytes, name: name)
        try check([manifest.config] + manifest.layers + [manifest.subject].compactMap(\.self), name: name)
        return .manifest(manifest)
    }

    /// A size is added to offsets later on; an image of 4 EiB is a lie.
    private static func check(_ descriptors: [Descriptor], name: String) throws {
        for descriptor in descriptors where descriptor.size < 0 || descriptor.size > 1 << 62 {
            throw HermesError(.corrupt, "\(name) gives \(descriptor.digest) a size of \(descriptor.size)")
        }
    }

    /// The keys that tell the kinds of documents apart.
    private struct Shape: Decodable {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        var schemaVersion: Int?
        var mediaType: String?
        var manifests: Anything?
        var config: Anything?
        var layers: Anything?
        var fsLayers: Anything?
    }
}
