import HermesHTTP
import HermesSupport

extension RegistryClient {
    /// Where a blob's bytes are.
    package enum BlobContent: Sendable {
        /// In memory.
        case bytes([UInt8])
        /// In a local file, the whole of it.
        case file(path: String)
    }

    /// Whether a repository has a blob, at the host that takes uploads.
    package func hasBlob(repository: String, _ digest: Digest) async throws -> Bool {
        let host = try pushHost()
        var request = HTTPRequest("HEAD", try host.url(repository, "blobs/\(digest)"))
        // A redirect to an object store says that the blob is there; its URL may be signed for GET only.
        request.redirects = 0
        let head = try await retrying { [request] in
            try await host.send(request, scope: Self.pushScope(repository), limit: RegistryHost.errorLimit).head
        }
        switch head.status {
        case 200, 302, 307: return true
        case 404: return false
        default: throw host.failure(head, [], what: "blob \(digest) of \(repository)")
        }
    }

    /// Uploads a blob in one piece, unless the repository has it; returns whether it was sent. The registry checks the
    /// digest. A broken upload starts again from the beginning.
    @discardableResult
    package func pushBlob(
        repository: String, digest: Digest, size: Int64, from content: BlobContent
    ) async throws -> Bool {
        if try await hasBlob(repository: repository, digest) { return false }
        let body: HTTPRequest.Body =
            switch content {
            case .bytes(let bytes): .bytes(bytes)
            case .file(let path): .file(path: path, size: size)
            }
        let host = try pushHost()
        try await retrying {
            let session = HTTPRequest("POST", try host.url(repository, "blobs/uploads/"))
            let answer = try await host.send(
                session, scope: Self.pushScope(repository), limit: RegistryHost.errorLimit)
            guard answer.head.status == 202, let location = answer.head["location"] else {
                throw host.failure(answer.head, answer.body, what: "upload to \(repository)")
            }
            try await self.upload(
                body, digest: digest, to: try HTTPURL(location, relativeTo: answer.head.url), host,
                repository: repository)
        }
        return true
    }

    private func upload(
        _ body: HTTPRequest.Body, digest: Digest, to location: HTTPURL, _ host: RegistryHost,
        repository: String
    ) async throws {
        guard location.scheme == "https" || host.base.scheme == "http" else {
            throw HermesError(
                .protocolViolation, "\(host.name) wants an upload over plain HTTP, to \(location.display)",
                advice: "its proxy does not tell it that clients use https (X-Forwarded-Proto)")
        }
        var put = HTTPRequest(
            "PUT", try location.adding("digest", digest.description),
            headers: [("Content-Type", "application/octet-stream")], body: body)
        // A registry over an object store reads the whole upload again before it answers.
        put.stallLimit = 600
        let what = "upload of \(digest) to \(repository)"
        let response: HTTPResponse
        if location.origin == host.base.origin {
            response = try await host.send(
                put, scope: Self.pushScope(repository), limit: RegistryHost.errorLimit)
        } else {
            // The server is not the registry: it gets the bytes, but no credentials of the registry's.
            put.settings = host.settings
            response = try await http.send(put, limit: RegistryHost.errorLimit)
        }
        guard (200...299).contains(response.head.status) else {
            throw host.failure(response.head, response.body, what: what)
        }
        if let text = response.head["docker-content-digest"], Digest.parse(text.utf8) != digest {
            throw HermesError(.protocolViolation, "\(host.name) stored the \(what) under \(text.printable(80))")
        }
    }

    /// Uploads a manifest under a tag, or under its digest when `tag` is nil. The blobs and manifests that it refers to
    /// have to be there. Returns its descriptor, and whether the registry keeps track of its subject (OCI-Subject).
    @discardableResult
    package func pushManifest(
        repository: String, tag: String? = nil, _ bytes: [UInt8], mediaType: String
    ) async throws -> (descriptor: Descriptor, tracksSubject: Bool) {
        if let tag, !Reference.isTag(tag) {
            throw HermesError(.usage, "\"\(tag.printable(140))\" is not a valid tag")
        }
        let digest = Digest.of(bytes)
        let target = tag ?? digest.description
        let host = try pushHost()
        let request = HTTPRequest(
            "PUT", try host.url(repository, "manifests/\(target)"), headers: [("Content-Type", mediaType)],
            body: .bytes(bytes))
        let response = try await retrying {
            try await host.send(request, scope: Self.pushScope(repository), limit: RegistryHost.errorLimit)
        }
        guard (200...299).contains(response.head.status) else {
            throw host.failure(
                response.head, response.body, what: "upload of manifest \(target) to \(repository)")
        }
        let descriptor = Descriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
        return (descriptor, response.head["oci-subject"] != nil)
    }
}
