import HermesCore
import HermesHTTP
import HermesSupport

extension ControllerClient {
    /// The largest zTOC that is stored, in bytes. A FlatBuffer cannot have more than 2 GiB.
    package static let ztocLimit: Int64 = 1 << 30

    /// Reads a blob of at most `limit` bytes into memory. Throws `notFound` when the controller does not have it, and
    /// `corrupt` for bytes of another size or digest.
    package func read(_ blob: Descriptor, limit: Int, timeLimit: Int) async throws -> [UInt8] {
        try check(blob, limit: Int64(limit))
        let request = try request(blob, timeLimit: timeLimit)
        let pass = try enter()
        let bytes: [UInt8]?
        do {
            // The words of a 404 may be longer than a small blob.
            let response = try await http.send(request, limit: max(Int(blob.size), 64 << 10))
            switch response.head.status {
            case 200:
                guard Int64(response.body.count) == blob.size, Digest.of(response.body) == blob.digest else {
                    throw wrongBytes(blob)
                }
                bytes = response.body
            case 404: bytes = nil
            default: throw failure(response.head.status)
            }
        } catch {
            leave(pass, error)
            throw error
        }
        leave(pass, nil)
        guard let bytes else { throw missing(blob) }
        return bytes
    }

    /// Stores a zTOC of at most `ztocLimit` bytes in a file in `folder` that has no name, and maps it. Blocks: not for
    /// Swift's cooperative threads. Throws as `read` does, and the file errors of `folder`.
    package func download(_ ztoc: Descriptor, in folder: String, timeLimit: Int) throws -> MappedFile {
        try check(ztoc, limit: Self.ztocLimit)
        let request = try request(ztoc, timeLimit: timeLimit)
        let pass = try enter()
        let file: MappedFile?
        do {
            let stream = try http.body(request)
            switch stream.head.status {
            case 200:
                let stored = try MappedFile(try IndexFiles.download(stream, size: ztoc.size, in: folder))
                guard Int64(stored.bytes.count) == ztoc.size, Digest.of(stored.readOnly) == ztoc.digest else {
                    throw wrongBytes(ztoc)
                }
                file = stored
            case 404: file = nil
            default: throw failure(stream.head.status)
            }
        } catch {
            leave(pass, error)
            throw error
        }
        leave(pass, nil)
        guard let file else { throw missing(ztoc) }
        return file
    }

    private func request(_ blob: Descriptor, timeLimit: Int) throws -> HTTPRequest {
        try request("/v1/blobs/\(blob.digest)", timeLimit: timeLimit)
    }

    /// A descriptor comes from a document of the controller's.
    private func check(_ blob: Descriptor, limit: Int64) throws {
        guard (0...limit).contains(blob.size) else {
            throw HermesError(.corrupt, "\(name) has a blob \(blob.digest) of \(blob.size) bytes, more than \(limit)")
        }
    }

    private func missing(_ blob: Descriptor) -> HermesError {
        HermesError(.notFound, "\(name) does not have the blob \(blob.digest)")
    }

    private func wrongBytes(_ blob: Descriptor) -> HermesError {
        HermesError(.corrupt, "\(name) sends wrong bytes for the blob \(blob.digest)")
    }
}
