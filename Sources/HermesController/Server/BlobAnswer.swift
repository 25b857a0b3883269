import HermesCore
import HermesSupport
import Hummingbird
import NIOPosix

/// The answer with a blob, or a part of it.
enum BlobAnswer {
    /// Bytes that are read and sent at a time: fewer than what malloc maps for itself (256 KiB, `Main`), as the pages of a mapped piece
    /// are faulted in anew each time, which costs as much as sending them.
    static let pieceSize = 128 << 10

    private static let dockerDigest = HTTPFields.Element.Name("Docker-Content-Digest")

    /// `blob` stays open until the answer is gone. A blob is sent as zstd where the client takes that, and does not ask for a
    /// part: the parts are those of the blob itself.
    static func make(_ blob: BlobFile, _ request: HTTPFields, on disk: NIOThreadPool) -> Response {
        var headers: HTTPFields = [
            .contentType: blob.mediaType, .acceptRanges: "bytes", .vary: "Accept-Encoding",
            .cacheControl: "public, max-age=31536000, immutable",
        ]
        if let dockerDigest { headers[dockerDigest] = blob.digest.description }
        var (file, size, tag) = (blob.file, blob.size, "\"\(blob.digest)\"")
        let rangeHeader = request[.range]
        if rangeHeader == nil, let compressed = blob.compressed,
            RequestConditions.accepts(request[.acceptEncoding], "zstd")
        {
            // Another form of the blob has another strong entity tag (RFC 9110, section 8.8.3.3).
            (file, size, tag) = (compressed.file, compressed.size, "\"\(blob.digest)-zstd\"")
            headers[.contentEncoding] = "zstd"
        }
        headers[.eTag] = tag
        if RequestConditions.matches(request[.ifNoneMatch], tag) {
            return Response(status: .notModified, headers: headers)
        }
        let isSame = request[.ifRange].map { $0 == tag } ?? true
        switch ByteRangeRequest(isSame ? rangeHeader : nil, size: size) {
        case .whole: return Response(status: .ok, headers: headers, body: body(blob, file, 0..<size, disk))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return Response(status: .partialContent, headers: headers, body: body(blob, file, range, disk))
        case .unsatisfiable:
            var answer = Answers.failure(.rangeNotSatisfiable, "the blob has \(size) bytes")
            answer.headers[.contentRange] = "bytes */\(size)"
            return answer
        }
    }

    /// A piece is read when the connection has taken the one before.
    private static func body(
        _ blob: BlobFile, _ file: OpenFile, _ range: Range<Int64>, _ disk: NIOThreadPool
    ) -> ResponseBody {
        ResponseBody(contentLength: Int(range.count)) { writer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let (start, count) = (offset, Int(min(Int64(pieceSize), range.upperBound - offset)))
                let piece = try await disk.runIfActive {
                    try withExtendedLifetime(blob) { try read(file, count, at: start) }
                }
                try await writer.write(piece)
                offset += Int64(count)
            }
            try await writer.finish(nil)
        }
    }

    private static func read(_ file: OpenFile, _ count: Int, at offset: Int64) throws -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            let read = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[..<count]), at: offset)
            guard read == count else { throw HermesError(.corrupt, "\(file.path) is shorter than it was") }
            return count
        }
        return buffer
    }
}
