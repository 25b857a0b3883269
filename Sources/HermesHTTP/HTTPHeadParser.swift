import HermesSupport

/// Collects the lines of an answer's head (RFC 9112 section 4) into an `HTTPHead`. Pure; lines come as libcurl gives
/// them, for HTTP/2 in the same form.
struct HTTPHeadParser {
    /// More than any registry sends; a server without end is cut off here.
    static let limit = 256 << 10

    private let url: HTTPURL
    private var status: Int?
    private var headers: [(name: String, value: String)] = []
    private var size = 0

    init(url: HTTPURL) { self.url = url }

    /// Takes one line with its line end. Returns the head when it is complete; interim answers (1xx) are dropped.
    /// Throws `protocolViolation` for a head that is too large or has no status.
    mutating func line(_ bytes: UnsafeRawBufferPointer) throws -> HTTPHead? {
        size += bytes.count
        guard size <= Self.limit else {
            throw HermesError(.protocolViolation, "\(url.display) answers with headers without end")
        }
        let text = String(decoding: bytes, as: UTF8.self).trimmingASCIISpace
        if text.hasPrefix("HTTP/"), status == nil {
            let words = text.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count > 1, words[1].utf8.count == 3, let code = Int64(strictDigits: words[1]),
                code >= 100
            else { throw HermesError(.protocolViolation, "\(url.display) answers without an HTTP status") }
            status = Int(code)
            return nil
        }
        if text.isEmpty {
            guard let status else { return nil }
            defer {
                self.status = nil
                headers = []
            }
            return status < 200 ? nil : HTTPHead(status: status, headers: headers, url: url)
        }
        guard status != nil, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = text[..<colon].lowercased()
        headers.append((name, text[text.utf8.index(after: colon)...].trimmingASCIISpace))
        return nil
    }
}
