import HermesSupport

/// Where one image comes from: a registry or a folder in OCI image layout. Can be used from any thread.
package protocol ImageSource: ImageDocuments {
    /// A stream of a blob, for a thread that can block. The digest is not checked. Reads throw `unavailable` when they still wait
    /// at `deadline`.
    func openBlob(_ descriptor: Descriptor, until deadline: Monotonic?) throws -> any ByteSource

    /// Fetches the half-open byte range of a blob: delivers exactly its bytes, in order, in pieces, or fails, by the
    /// deadline of `terms` if there is one. Neither closure is called before this returns; both come one after the other
    /// from a thread of the source, and must not block it. `completion` is called once, last.
    @discardableResult
    func fetchRange(
        of digest: Digest, range: Range<Int64>, terms: FetchTerms,
        deliver: @escaping RangeFetchHandle.Delivery, completion: @escaping RangeFetchHandle.Completion
    ) -> RangeFetchHandle

    /// Takes note that `host` delivered bytes of a blob that do not have the blob's digest: from now on, the other
    /// hosts that have the blob are asked for it. `host` is the name that `fetchRange` gave.
    func blame(_ host: String, for digest: Digest)

    /// The bytes of the manifest with a digest, whether something lists it or not. Throws `notFound`, and `corrupt` for bytes with
    /// another digest.
    func manifest(_ digest: Digest) async throws -> [UInt8]

    /// The artifacts about a manifest, of one type or of all.
    func referrers(of digest: Digest, artifactType: String?) async throws -> [Descriptor]
}

extension ImageSource {
    /// A stream of a blob that may take as long as the source's own limits let it.
    package func openBlob(_ descriptor: Descriptor) throws -> any ByteSource { try openBlob(descriptor, until: nil) }
}
