import HermesCore
import HermesTestKit

@testable import HermesController

/// Artifacts for tests: their zTOCs are any bytes.
enum TestArtifacts {
    static let spanSize: Int64 = 4 << 20
    static let day: Int64 = 24 * 3600

    static func key(_ name: String) throws -> Artifact.Key {
        try Artifact.Key(image: "\(name)@\(Digest.of(Array(name.utf8)))", platform: "linux/amd64")
    }

    /// Writes a blob and gives the layer of `name` whose zTOC it is.
    static func layer(_ name: String, _ bytes: [UInt8], in store: ArtifactStore) throws -> SOCIIndex.Layer {
        let writer = try store.blobWriter()
        // In two pieces.
        let half = bytes.count / 2
        try bytes[..<half].withUnsafeBytes { try writer.write($0) }
        try bytes[half...].withUnsafeBytes { try writer.write($0) }
        let (digest, size) = try writer.finish()
        let blob = Descriptor(
            mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: Digest.of(Array(name.utf8)), size: 1)
        return SOCIIndex.Layer(digest: digest, size: size, layer: blob, spanSize: spanSize, disableXattrs: true)
    }

    static func index(_ key: Artifact.Key, _ layers: [SOCIIndex.Layer]) -> [UInt8] {
        let subject = Descriptor(mediaType: SOCIIndex.mediaType, digest: key.manifest, size: 500)
        return SOCIIndex(subject: subject, layers: layers).encoded()
    }

    /// Makes an artifact ready, with a zTOC for each of `ztocs`.
    @discardableResult
    static func finish(_ name: String, _ ztocs: [[UInt8]], in store: ArtifactStore) throws -> Artifact {
        let layers = try ztocs.enumerated().map { try layer("\(name) \($0.offset)", $0.element, in: store) }
        return try finish(name, layers: layers, in: store)
    }

    @discardableResult
    static func finish(_ name: String, layers: [SOCIIndex.Layer], in store: ArtifactStore) throws -> Artifact {
        let key = try key(name)
        return try store.finish(
            key, source: "docker.io/library/\(name):1", config: Digest.of([1]), imageSize: 1 << 30,
            index: index(key, layers), layers: layers)
    }
}
