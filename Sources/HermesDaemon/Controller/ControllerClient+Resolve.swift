import HermesCore
import HermesHTTP
import HermesSupport

extension ControllerClient {
    /// The bytes of an answer without blobs. An index lists a layer in some 200 bytes.
    private static let answerLimit = 1 << 20

    /// The members that are used; unknown ones are ignored.
    private struct Resolved: Decodable {
        struct Reference: Decodable {
            var mediaType: String
            var digest: Digest
            var size: Int64
        }

        var sociIndex: Reference
    }

    private struct Refusal: Decodable { var error: String }

    /// The descriptor of an image's index; nil when the controller has none yet. `name` is the image's without tag and
    /// digest, such as "docker.io/library/python", and `digest` that of its manifest. Throws `usage` when the controller
    /// cannot make sense of the image.
    package func resolve(
        _ name: String, _ digest: Digest, _ platform: Platform, timeLimit: Int
    ) async throws -> Descriptor? {
        let path = "/v1/indexes/resolve?image=\(HTTPURL.encode("\(name)@\(digest)"))"
        var request = try request("\(path)&platform=\(HTTPURL.encode("\(platform)"))", timeLimit: timeLimit)
        if let node { request.headers.append((name: NodeName.header, value: "\(node)")) }
        let pass = try enter()
        let response: HTTPResponse
        var descriptor: Descriptor?
        do {
            response = try await http.send(request, limit: Self.answerLimit)
            switch response.head.status {
            case 200: descriptor = try index(response.body)
            case 400, 404: break
            default: throw failure(response.head.status)
            }
        } catch {
            leave(pass, error)
            throw error
        }
        leave(pass, nil)
        guard response.head.status == 400 else { return descriptor }
        let refusal = try? JSON.decode(Refusal.self, from: response.body, name: "a refusal")
        throw HermesError(
            .usage,
            "\(self.name) refuses \(name.printable(200))@\(digest): \(refusal?.error.printable(200) ?? "it gives no reason")"
        )
    }

    /// The index in an answer.
    private func index(_ body: [UInt8]) throws -> Descriptor {
        let index: Resolved.Reference
        do {
            index = try JSON.decode(Resolved.self, from: body, name: "its answer").sociIndex
        } catch {
            throw HermesError(.protocolViolation, "\(name) does not answer with an index", cause: error)
        }
        guard (1...Int64(SOCIIndex.sizeLimit)).contains(index.size) else {
            throw HermesError(.protocolViolation, "\(name) has an index of \(index.size) bytes, which no index has")
        }
        return Descriptor(mediaType: index.mediaType.printable(255), digest: index.digest, size: index.size)
    }
}
