import HermesHTTP
import HermesSupport

extension RegistryClient {
    /// The most pages of a list that are read.
    private static let pageLimit = 100

    /// The artifacts that say they are about `digest`, of one type or of all: from the referrers API, or, where the
    /// registry has none, from the index under the fallback tag (distribution spec, "Listing Referrers").
    package func referrers(
        repository: String, of digest: Digest, artifactType: String? = nil
    ) async throws -> [Descriptor] {
        let empty = HermesError(.notFound, "nothing refers to \(digest) in \(name)/\(repository)")
        do {
            return try await onHosts(.resolve, for: nil) { host in
                let all =
                    if let listed = try await listedReferrers(host, repository, digest, artifactType) {
                        listed
                    } else {
                        try await fallbackIndex(host, repository, digest)?.manifests ?? []
                    }
                // A registry may ignore the filter.
                let found = all.filter { artifactType == nil || $0.artifactType == artifactType }
                // A mirror copies images, and often not their referrers: its empty list is not the registry's answer.
                guard !found.isEmpty else { throw empty }
                return found
            }
        } catch let error as HermesError where error.code == .notFound {
            return []
        }
    }

    /// Uploads the manifest of an artifact about another manifest, and makes it findable: a registry that does not keep
    /// track of subjects gets an entry in the fallback tag's index. `artifactType` and `annotations` go into that entry.
    /// Returns the manifest's descriptor. Two writers of one fallback tag at a time may lose an entry, which the
    /// distribution spec leaves open; both manifests stay.
    @discardableResult
    package func pushReferrer(
        repository: String, _ bytes: [UInt8], mediaType: String = MediaType.manifest, subject: Digest,
        artifactType: String, annotations: [String: String]? = nil
    ) async throws -> Descriptor {
        var (entry, tracksSubject) = try await pushManifest(
            repository: repository, bytes, mediaType: mediaType)
        entry.artifactType = artifactType
        entry.annotations = annotations
        guard !tracksSubject else { return entry }

        let host = try pushHost()
        var index =
            try await retrying { try await fallbackIndex(host, repository, subject) } ?? ImageIndex(manifests: [])
        guard !index.manifests.contains(entry) else { return entry }
        index.manifests.removeAll { $0.digest == entry.digest }
        index.manifests.append(entry)
        index.mediaType = MediaType.index
        try await pushManifest(
            repository: repository, tag: Self.fallbackTag(subject), try JSON.encode(index),
            mediaType: MediaType.index)
        return entry
    }

    static func fallbackTag(_ digest: Digest) -> String { "sha256-\(digest.hex)" }

    private func fallbackIndex(
        _ host: RegistryHost, _ repository: String, _ digest: Digest
    ) async throws -> ImageIndex? {
        let tag = Self.fallbackTag(digest)
        guard let bytes = try await Self.manifestIfPresent(host, repository: repository, tag: tag) else {
            return nil
        }
        guard case .index(let index) = try ManifestDocument.parse(bytes, name: "\(name)/\(repository):\(tag)")
        else {
            throw HermesError(.protocolViolation, "\(name)/\(repository):\(tag) is not a list of referrers")
        }
        return index
    }

    /// The descriptors that the referrers API lists; nil when the registry has no such API.
    private func listedReferrers(
        _ host: RegistryHost, _ repository: String, _ digest: Digest, _ artifactType: String?
    ) async throws -> [Descriptor]? {
        var page = try host.url(repository, "referrers/\(digest)")
        if let artifactType { page = try page.adding("artifactType", artifactType) }
        var found: [Descriptor] = []
        for _ in 0..<Self.pageLimit {
            let request = HTTPRequest("GET", page, headers: [("Accept", MediaType.index)])
            let response = try await host.send(
                request, scope: Self.pullScope(repository), limit: ManifestDocument.sizeLimit)
            switch response.head.status {
            case 200: break
            // Registries that do not know the path say so in different ways.
            case 400, 404, 405, 501: return nil
            default: throw host.failure(response.head, response.body, what: "referrers of \(digest)")
            }
            // A web page is not an answer of the API either.
            guard response.head["content-type"].map(Self.mediaType) == MediaType.index else { return nil }
            let document = try ManifestDocument.parse(
                response.body, name: "the referrers of \(digest) at \(host.name)")
            guard case .index(let index) = document else {
                throw HermesError(
                    .protocolViolation, "\(host.name) answers without a list of the referrers of \(digest)")
            }
            found += index.manifests
            guard let next = Self.nextPage(response.head) else { return found }
            page = try HTTPURL(next, relativeTo: page)
            guard page.origin == host.base.origin else {
                throw HermesError(
                    .protocolViolation, "\(host.name) continues its list of referrers on another host, \(page.display)")
            }
        }
        throw HermesError(.protocolViolation, "\(host.name) lists the referrers of \(digest) without end")
    }

    /// The target of `Link: <…>; rel="next"` (RFC 8288).
    static func nextPage(_ head: HTTPHead) -> String? {
        for link in head.all("link") {
            guard let open = link.firstIndex(of: "<"), let close = link[open...].firstIndex(of: ">") else {
                continue
            }
            let parameters = link[close...].lowercased().filter { $0 != "\"" && $0 != " " }
            if parameters.contains("rel=next") { return String(link[link.index(after: open)..<close]) }
        }
        return nil
    }
}
