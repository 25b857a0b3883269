import HermesHTTP
import HermesSupport

extension RegistryClient {
    /// A stream of a blob's `descriptor.size` bytes, for a thread that can block; never for the event loop or a task.
    /// The digest is not checked. Throws `usage` for an invalid repository name. The reads throw the errors of the
    /// registry: `notFound`, `denied`, `unavailable`, `protocolViolation`; `unavailable` also when they wait at `deadline`.
    package func openBlob(
        repository: String, _ descriptor: Descriptor, until deadline: Monotonic? = nil
    ) throws -> any ByteSource {
        guard let host = hosts.first else { throw noHost(.pull) }
        _ = try host.url(repository, "blobs/")
        return BlobStream(
            client: self, blob: .init(repository: repository, digest: descriptor.digest),
            size: descriptor.size, deadline: deadline)
    }

    /// Fetches the half-open byte range of a blob, and delivers exactly its bytes, in order, in pieces, or fails by the
    /// deadline of its terms.
    ///
    /// `deliver` and `completion` are called on the event-loop thread and must not block; the pointer is valid during
    /// the call. `completion` is called once, last, and never before this function returns. A host that fails is
    /// followed by the next, which goes on where it stopped, and while a process waits, a slow host is raced by the
    /// next (`RangeRace`). Beyond that, a request is only tried again when a renewed token, a new redirect or, while a
    /// process waits, a new connection can repair it: the caller that schedules fetches also schedules retries. Bytes
    /// that were delivered before a failure are right as far as the registry is.
    @discardableResult
    package func fetchRange(
        repository: String, _ digest: Digest, range: Range<Int64>, terms: FetchTerms,
        deliver: @escaping RangeFetchHandle.Delivery, completion: @escaping RangeFetchHandle.Completion
    ) -> RangeFetchHandle {
        do {
            guard range.lowerBound >= 0 else {
                throw HermesError(.usage, "the range \(range) starts before the first byte of blob \(digest)")
            }
            guard !range.isEmpty else {
                http.soon { completion(.success(())) }
                return RangeFetchHandle(cancel: {})
            }
            let fetch = BlobRangeDriver(
                client: self, blob: .init(repository: repository, digest: digest), range: range, terms: terms,
                deliver: deliver, completion: completion)
            try http.perform { fetch.start() }
            return RangeFetchHandle(cancel: { fetch.cancel() }, urge: { fetch.urge(until: $0) })
        } catch {
            let error = HermesError.from(error)
            http.soon { completion(.failure(error)) }
            return RangeFetchHandle(cancel: {})
        }
    }

    /// Reads a whole blob of at most `limit` bytes and checks its digest. Throws `corrupt` when it is another.
    package func readBlob(repository: String, _ descriptor: Descriptor, limit: Int) async throws -> [UInt8] {
        guard descriptor.size >= 0, descriptor.size <= Int64(limit) else {
            throw HermesError(
                .corrupt,
                "blob \(descriptor.digest) of \(descriptor.size) bytes is larger than the limit of \(limit)")
        }
        let what = "blob \(descriptor.digest) of \(repository)"
        let size = Int(descriptor.size)
        return try await onHosts(.pull, for: "\(repository)@\(descriptor.digest)") { host in
            let request = HTTPRequest("GET", try host.url(repository, "blobs/\(descriptor.digest)"))
            // An error's body may be longer than the blob.
            let response = try await host.send(
                request, scope: Self.pullScope(repository), limit: max(size, RegistryHost.errorLimit))
            guard response.head.status == 200 else {
                throw host.failure(response.head, response.body, what: what)
            }
            guard response.body.count == size, Digest.of(response.body) == descriptor.digest else {
                throw HermesError(.corrupt, "\(host.name) sends wrong bytes for \(what)")
            }
            return response.body
        }
    }
}
