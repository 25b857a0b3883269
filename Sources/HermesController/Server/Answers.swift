import HermesSupport
import Hummingbird

/// The answers that are not blobs.
enum Answers {
    private struct Failure: Encodable { var error: String }

    static func json(_ body: ByteBuffer, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: body))
    }

    static func json(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws -> Response {
        json(ByteBuffer(bytes: try JSON.encode(value)), status)
    }

    /// `message` may hold text of the request.
    static func failure(_ status: HTTPResponse.Status, _ message: String) -> Response {
        let failure = Failure(error: message.printable(2000))
        // A string can always be encoded.
        return (try? json(failure, status)) ?? Response(status: status)
    }

    static func ok() -> Response { json(ByteBuffer(string: #"{"status":"ok"}"#)) }

    static func metrics(_ families: [MetricFamily]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: families.map(\.text).joined())))
    }
}
