import HermesHTTP
import HermesSupport

/// A request to a workload, and how long its answer takes.
package struct WorkloadRequest: Sendable {
    package var url: HTTPURL
    /// What is sent, as a POST; nil for a GET.
    package var body: [UInt8]?
    package var contentType: String

    package init(url: HTTPURL, body: [UInt8]? = nil, contentType: String = "application/json") {
        self.url = url
        self.body = body
        self.contentType = contentType
    }

    /// In words, for reports.
    var words: String { "\(body == nil ? "GET" : "POST") \(url.display)" }

    /// Seconds from the request to the head of the answer, the first piece of its content, and its end.
    struct Timing {
        var head: Double
        var piece: Double
        var whole: Double
    }

    /// Bytes of an answer at most.
    private static let limit = 256 << 20

    /// Sends it, and reads the whole answer. Blocks. Throws `unavailable` where no answer comes within `seconds`, and
    /// `protocolViolation` for a status above 399.
    func send(by client: HTTPClient, seconds: Int) throws -> Timing {
        var request = HTTPRequest(body == nil ? "GET" : "POST", url)
        if let body {
            request.body = .bytes(body)
            request.headers.append(("Content-Type", contentType))
        }
        request.stallLimit = nil
        request.timeLimit = max(1, seconds)
        let begin = Monotonic.now()
        func passed() -> Double { Monotonic.now().milliseconds(since: begin) / 1000 }
        let stream = try client.body(request)
        let head = passed()
        guard stream.head.status < 400 else {
            throw HermesError(.protocolViolation, "\(url.display) answered \(stream.head.status)")
        }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var piece: Double?
        var total = 0
        while true {
            let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
            piece = piece ?? passed()
            guard count > 0 else { break }
            total += count
            guard total <= Self.limit else {
                throw HermesError(.protocolViolation, "\(url.display) answered with more than \(Self.limit) bytes")
            }
        }
        return Timing(head: head, piece: piece ?? passed(), whole: passed())
    }
}
