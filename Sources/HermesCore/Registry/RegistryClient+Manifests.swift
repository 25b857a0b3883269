extension RegistryClient {
    private static let accept =
        [MediaType.manifest, MediaType.index, MediaType.dockerManifest, MediaType.dockerManifestList]
        .joined(separator: ", ")

    /// Finds out what a reference names, without fetching it where the registry can say so. Throws `notFound`, `denied`,
    /// `unavailable`, `protocolViolation`.
    public func resolve(_ reference: Reference) async throws -> Descriptor {
        let request = try manifestRequest("HEAD", reference.repository, reference.target)
        let response = try await send(
            request, scope: Self.pullScope(reference.repository), limit: Self.errorLimit)
        let head = response.head
        guard head.status == 200 || head.status == 405 || head.status == 501 else {
            throw failure(head, [], what: "\(reference)")
        }
        guard head.status == 200, let text = head["docker-content-digest"], let size = head.contentLength,
            let type = head["content-type"].map(Self.mediaType),
            MediaType.isIndex(type) || MediaType.isManifest(type)
        else { return try await manifest(reference).descriptor }
        let digest = try Digest(text)
        guard reference.digest == nil || reference.digest == digest else {
            throw HermesError(.protocolViolation, "\(name) has \(digest) where \(reference) should be")
        }
        return Descriptor(mediaType: type, digest: digest, size: size)
    }

    /// Fetches what a reference names: a manifest or an index, with its descriptor. Bytes and digest belong together.
    public func manifest(_ reference: Reference) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        let (type, bytes) = try await fetch(reference.repository, reference.target, what: "\(reference)")
        let digest = Digest.of(bytes)
        if let expected = reference.digest, expected != digest {
            throw HermesError(.corrupt, "\(name) sends a manifest with digest \(digest) for \(reference)")
        }
        return (Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count)), bytes)
    }

    /// Fetches the manifest or index of a descriptor and checks its digest. Throws `corrupt` when it is another.
    public func manifest(repository: String, _ descriptor: Descriptor) async throws -> [UInt8] {
        let what = "manifest \(descriptor.digest) of \(repository)"
        let (_, bytes) = try await fetch(repository, descriptor.digest.description, what: what)
        guard Int64(bytes.count) == descriptor.size, Digest.of(bytes) == descriptor.digest else {
            throw HermesError(.corrupt, "\(name) sends other bytes than \(what)")
        }
        return bytes
    }

    /// Fetches the manifest under a tag; nil when there is none.
    func manifestIfPresent(repository: String, tag: String) async throws -> [UInt8]? {
        do {
            return try await fetch(repository, tag, what: "\(repository):\(tag)").bytes
        } catch let error as HermesError where error.code == .notFound {
            return nil
        }
    }

    private func fetch(
        _ repository: String, _ target: String, what: String
    ) async throws -> (mediaType: String, bytes: [UInt8]) {
        let request = try manifestRequest("GET", repository, target)
        let response = try await send(
            request, scope: Self.pullScope(repository), limit: ManifestDocument.sizeLimit)
        guard response.head.status == 200 else { throw failure(response.head, response.body, what: what) }
        var type = response.head["content-type"].map(Self.mediaType) ?? ""
        if !MediaType.isIndex(type), !MediaType.isManifest(type) {
            // Schema 1 has types of its own; a plain file server has none. The content tells, or throws.
            switch try ManifestDocument.parse(response.body, name: what) {
            case .manifest(let manifest): type = manifest.mediaType ?? MediaType.manifest
            case .index(let index): type = index.mediaType ?? MediaType.index
            }
        }
        return (type, response.body)
    }

    private func manifestRequest(_ method: String, _ repository: String, _ target: String) throws
        -> HTTPRequest
    {
        var request = HTTPRequest(
            method, try url(repository, "manifests/\(target)"), headers: [("Accept", Self.accept)])
        request.timeLimit = 120
        return request
    }

    /// A Content-Type without its parameters.
    static func mediaType(_ header: String) -> String {
        (header.split(separator: ";", omittingEmptySubsequences: false).first ?? "").trimmingASCIISpace
            .lowercased()
    }
}
