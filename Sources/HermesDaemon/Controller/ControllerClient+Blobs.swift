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

    /// Stores a zTOC of at most `ztocLimit` bytes in a file in `folder` that has no name, and maps it. The controller may send it
    /// compressed. Blocks: not for Swift's cooperative threads. Throws as `read` does, and the file errors of `folder`.
    package func download(_ ztoc: Descriptor, in folder: String, timeLimit: Int) throws -> MappedFile {
        try check(ztoc, limit: Self.ztocLimit)
        var request = try request(ztoc, timeLimit: timeLimit)
        // Most of a zTOC are windows that are mostly zero.
        request.headers.append((name: "Accept-Encoding", value: "zstd"))
        let pass = try enter()
        let file: MappedFile?
        do {
            let stream = try http.body(request)
            switch stream.head.status {
            case 200: file = try store(try content(of: stream, ztoc), ztoc, in: folder)
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

    /// The bytes of a blob in an answer, without the answer's coding.
    private func content(of stream: HTTPBodyStream, _ blob: Descriptor) throws -> any ByteSource {
        switch stream.head["content-encoding"]?.lowercased() {
        case nil, "identity": return stream
        case "zstd":
            // zstd makes nothing longer than this (ZSTD_compressBound).
            return try ZstandardByteSource(stream, limit: blob.size + blob.size / 128 + (64 << 10))
        case let coding?:
            throw HermesError(
                .protocolViolation, "\(name) sends the blob \(blob.digest) in the coding \(coding.printable(60))")
        }
    }

    private func store(_ content: any ByteSource, _ blob: Descriptor, in folder: String) throws -> MappedFile {
        let stored: MappedFile?
        do {
            stored = try IndexFiles.download(content, blob, in: folder)
        } catch let error as HermesError where error.code == .corrupt {
            throw wrongBytes(blob, error)
        }
        guard let stored else { throw wrongBytes(blob) }
        return stored
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

    private func wrongBytes(_ blob: Descriptor, _ cause: HermesError? = nil) -> HermesError {
        HermesError(.corrupt, "\(name) sends wrong bytes for the blob \(blob.digest)", cause: cause)
    }
}
