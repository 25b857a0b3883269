import HermesHTTP
import HermesSupport

extension RegistryClient {
    private static let accept =
        [MediaType.manifest, MediaType.index, MediaType.dockerManifest, MediaType.dockerManifestList]
        .joined(separator: ", ")

    /// Finds the manifest or index that a reference names, without fetching it where the registry answers HEAD. Throws
    /// `notFound`, `denied`, `unavailable`, `protocolViolation`.
    package func resolve(_ reference: Reference) async throws -> Descriptor {
        let descriptor: Descriptor? = try await onHosts(
            reference.digest == nil ? .resolve : .pull, for: Self.thing(reference)
        ) { host in
            let request = try Self.manifestRequest("HEAD", host, reference.repository, reference.target)
            let response = try await host.send(
                request, scope: Self.pullScope(reference.repository), limit: RegistryHost.errorLimit)
            return try Self.descriptor(response.head, host, reference)
        }
        if let descriptor { return descriptor }
        return try await manifest(reference).descriptor
    }

    /// The name under which a missing manifest is remembered; nil for a tag, because a tag may come into being any
    /// moment.
    private static func thing(_ reference: Reference) -> String? {
        reference.digest.map { "\(reference.repository)@\($0)" }
    }

    /// The descriptor in the answer to HEAD; nil when it does not say.
    private static func descriptor(
        _ head: HTTPHead, _ host: RegistryHost, _ reference: Reference
    ) throws -> Descriptor? {
        guard head.status == 200 || head.status == 405 || head.status == 501 else {
            throw host.failure(head, [], what: "\(reference)")
        }
        guard head.status == 200, let text = head["docker-content-digest"], let size = head.contentLength,
            let type = head["content-type"].map(Self.mediaType),
            MediaType.isIndex(type) || MediaType.isManifest(type)
        else { return nil }
        let digest = try Digest(text)
        guard reference.digest == nil || reference.digest == digest else {
            throw HermesError(.protocolViolation, "\(host.name) answers with the digest \(digest) for \(reference)")
        }
        return Descriptor(mediaType: type, digest: digest, size: size)
    }

    /// Fetches the manifest or index that a reference names, with its descriptor. Bytes and digest belong together.
    package func manifest(_ reference: Reference) async throws -> (descriptor: Descriptor, bytes: [UInt8]) {
        try await onHosts(reference.digest == nil ? .resolve : .pull, for: Self.thing(reference)) { host in
            let (type, bytes) = try await Self.fetch(
                host, reference.repository, reference.target, what: "\(reference)")
            let digest = Digest.of(bytes)
            if let expected = reference.digest, expected != digest {
                throw HermesError(
                    .corrupt, "\(host.name) sends a manifest with digest \(digest) for \(reference)")
            }
            return (Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count)), bytes)
        }
    }

    /// Fetches the manifest or index of a descriptor and checks its digest. Throws `corrupt` when it is another.
    package func manifest(repository: String, _ descriptor: Descriptor) async throws -> [UInt8] {
        let what = "manifest \(descriptor.digest) of \(repository)"
        return try await onHosts(.pull, for: "\(repository)@\(descriptor.digest)") { host in
            let (_, bytes) = try await Self.fetch(
                host, repository, descriptor.digest.description, what: what)
            guard Int64(bytes.count) == descriptor.size, Digest.of(bytes) == descriptor.digest else {
                throw HermesError(.corrupt, "\(host.name) sends wrong bytes for \(what)")
            }
            return bytes
        }
    }

    /// Fetches the manifest under a tag; nil when the host does not have the tag. One try.
    static func manifestIfPresent(_ host: RegistryHost, repository: String, tag: String) async throws -> [UInt8]? {
        do {
            return try await fetch(host, repository, tag, what: "\(repository):\(tag)").bytes
        } catch let error as HermesError where error.code == .notFound {
            return nil
        }
    }

    private static func fetch(
        _ host: RegistryHost, _ repository: String, _ target: String, what: String
    ) async throws -> (mediaType: String, bytes: [UInt8]) {
        let request = try manifestRequest("GET", host, repository, target)
        let response = try await host.send(
            request, scope: pullScope(repository), limit: ManifestDocument.sizeLimit)
        guard response.head.status == 200 else { throw host.failure(response.head, response.body, what: what) }
        var type = response.head["content-type"].map(mediaType) ?? ""
        if !MediaType.isIndex(type), !MediaType.isManifest(type) {
            // Schema 1 has types of its own; a plain file server has none. The content tells, or throws.
            switch try ManifestDocument.parse(response.body, name: what) {
            case .manifest(let manifest): type = manifest.mediaType ?? MediaType.manifest
            case .index(let index): type = index.mediaType ?? MediaType.index
            }
        }
        return (type, response.body)
    }

    private static func manifestRequest(
        _ method: String, _ host: RegistryHost, _ repository: String, _ target: String
    ) throws -> HTTPRequest {
        var request = HTTPRequest(
            method, try host.url(repository, "manifests/\(target)"), headers: [("Accept", accept)])
        request.timeLimit = 120
        return request
    }

    /// A Content-Type without its parameters.
    static func mediaType(_ header: String) -> String {
        (header.split(separator: ";", omittingEmptySubsequences: false).first ?? "").trimmingASCIISpace
            .lowercased()
    }
}
