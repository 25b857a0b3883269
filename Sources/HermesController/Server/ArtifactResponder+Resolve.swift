import HermesCore
import HermesSupport
import Hummingbird

extension ArtifactResponder {
    /// The document for an image whose index is ready.
    private struct Resolved: Encodable {
        struct Reference: Encodable {
            var mediaType: String
            var digest: Digest
            var size: Int64
        }

        struct Layer: Encodable {
            var layerDigest: Digest
            var ztocDigest: Digest
            var size: Int64
        }

        var image: String
        var platform: String
        var sociIndex: Reference
        var ztocs: [Layer]
    }

    private static let nodeHeader = HTTPFields.Element.Name(NodeName.header)

    /// An image that is not known stays so: a question never starts a build.
    func resolve(_ text: String, _ headers: HTTPFields, _ store: ArtifactStore) async throws -> Response {
        let node = Self.nodeHeader.flatMap { headers[$0] }.flatMap { NodeName($0) }
        let generation = store.generation
        if let (body, key) = answers.answer(text, generation: generation) {
            if let node { questions.answered(node, key.manifest, at: Timestamp.now().seconds) }
            return Answers.json(body)
        }
        let query = try RequestQuery(text)
        guard let image = query["image"] else { return Answers.failure(.badRequest, "missing image") }
        guard let platform = query["platform"] else { return Answers.failure(.badRequest, "missing platform") }
        let key = try Artifact.Key(image: image, platform: platform)
        guard let artifact = try await disk.runIfActive({ try store.find(key) }), let index = artifact.index else {
            return Answers.failure(.notFound, "index not ready for image=\(image) platform=\(platform)")
        }
        let resolved = Resolved(
            image: key.image, platform: key.platform,
            sociIndex: .init(mediaType: index.mediaType, digest: index.digest, size: index.size),
            ztocs: artifact.layers.map { .init(layerDigest: $0.layerDigest, ztocDigest: $0.digest, size: $0.size) })
        let body = ByteBuffer(bytes: try JSON.encode(resolved))
        if let node { questions.answered(node, key.manifest, at: Timestamp.now().seconds) }
        answers.add(body, for: text, key, generation: generation)
        return Answers.json(body)
    }
}
