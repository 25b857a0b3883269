import HermesSupport

/// An image in a registry.
package struct RegistrySource: ImageSource {
    /// The registry.
    package let client: RegistryClient
    /// The image.
    package let reference: Reference

    /// Makes a source; nothing is asked yet.
    package init(client: RegistryClient, reference: Reference) {
        self.client = client
        self.reference = reference
    }

    /// The canonical text that opens it.
    package var name: String { reference.description }

    /// See `ImageSource`.
    package func root() async throws -> Descriptor { try await client.resolve(reference) }

    /// See `ImageSource`.
    package func readManifest(_ descriptor: Descriptor) async throws -> [UInt8] {
        try await client.manifest(repository: reference.repository, descriptor)
    }

    /// See `ImageSource`.
    package func readBlob(_ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        try await client.readBlob(repository: reference.repository, descriptor, limit: limit)
    }

    /// See `ImageSource`.
    package func openBlob(_ descriptor: Descriptor, until deadline: Monotonic?) throws -> any ByteSource {
        try client.openBlob(repository: reference.repository, descriptor, until: deadline)
    }

    /// See `ImageSource`; the thread is the HTTP client's.
    @discardableResult
    package func fetchRange(
        of digest: Digest, range: Range<Int64>, terms: FetchTerms,
        deliver: @escaping RangeFetchHandle.Delivery, completion: @escaping RangeFetchHandle.Completion
    ) -> RangeFetchHandle {
        client.fetchRange(
            repository: reference.repository, digest, range: range, terms: terms, deliver: deliver,
            completion: completion)
    }

    /// See `ImageSource`.
    package func blame(_ host: String, for digest: Digest) {
        client.blame(host, .init(repository: reference.repository, digest: digest))
    }

    /// See `ImageSource`.
    package func manifest(_ digest: Digest) async throws -> [UInt8] {
        let place = "\(reference.registry)/\(reference.repository)"
        return try await client.manifest(Reference("\(place)@\(digest)")).bytes
    }

    /// See `ImageSource`; from the referrers API or the fallback tag.
    package func referrers(of digest: Digest, artifactType: String?) async throws -> [Descriptor] {
        try await client.referrers(repository: reference.repository, of: digest, artifactType: artifactType)
    }
}
