import HermesCore
import HermesSupport
import Hummingbird

extension ArtifactResponder {
    /// One member of the list; members that an artifact does not have are empty, as in Go.
    private struct Row: Encodable {
        var id: Int64
        var sourceImageRef: String
        var imageDigestRef: String
        var imageManifestDigest: Digest
        var imageConfigDigest: String
        var platform: String
        /// The controller in Go has several artifacts for an image; here there is one, of no profile.
        var accelerationKey = ""
        var indexDigest = ""
        var indexMediaType = ""
        var indexSize: Int64 = 0
        var status: String
        var error = ""

        init(_ artifact: Artifact) {
            id = artifact.id
            sourceImageRef = artifact.source
            imageDigestRef = artifact.key.image
            imageManifestDigest = artifact.key.manifest
            imageConfigDigest = artifact.config?.description ?? ""
            platform = artifact.key.platform
            switch artifact.state {
            case .ready(let index):
                status = "ready"
                indexDigest = index.digest.description
                indexMediaType = index.mediaType
                indexSize = index.size
            case .failed(let error):
                status = "failed"
                self.error = error
            }
        }
    }

    private static let link = HTTPFields.Element.Name("Link")

    /// A page of artifacts, the newest first. The header Link leads to the next one (RFC 8288).
    func list(_ text: Substring, _ store: ArtifactStore) async throws -> Response {
        let query = try RequestQuery(text)
        let most = Int64(ArtifactStore.pageLimit)
        let limit = Int(try query.number("limit", in: 1...most, fallback: min(100, most)))
        let cursor = try query.number("continue", in: 0...Int64.max, fallback: .max)
        let (page, body) = try await disk.runIfActive {
            let page = try store.artifacts(before: cursor, limit: limit)
            return (page, ByteBuffer(bytes: try JSON.encode(page.map(Row.init))))
        }
        var response = Answers.json(body)
        // The page after a full last one is empty.
        if page.count == limit, let last = page.last, let link = Self.link {
            response.headers[link] = "</v1/artifacts?limit=\(limit)&continue=\(last.id)>; rel=\"next\""
        }
        return response
    }
}
