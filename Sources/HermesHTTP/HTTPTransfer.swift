import CCurl
import Glibc
import HermesSupport

/// One request on its way, over all its redirects.
///
/// Made on any thread, then the event loop's alone (`Sendable` only so that it can be handed over). libcurl's callbacks
/// point at it unretained: the loop holds it for as long as the easy handle lives.
final class HTTPTransfer: @unchecked Sendable {
    enum Outcome {
        case finished(Result<Void, HermesError>)
        /// `url` is the next one to ask.
        case redirected
    }

    let request: HTTPRequest
    /// The thread of the loop that has it, from its start on.
    var owner: ThreadOwner?
    private let metrics: HTTPMetrics
    /// The receiver of the answer; nil once the answer is complete, so that a handler may keep its task.
    private var handler: (any HTTPHandler)?
    /// Where the current hop goes to.
    private(set) var url: HTTPURL
    /// The current hop's handle; nil before the start and after the end.
    private(set) var easy: UnsafeMutableRawPointer?
    /// Whether libcurl holds bytes back until `resume`.
    var paused = false

    private var headers: [(name: String, value: String)]
    private var redirectsLeft: Int
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    let upload: HTTPUpload?

    private var parser: HTTPHeadParser
    /// The redirect that this hop's answer asks for.
    private var location: HTTPURL?
    /// Whether the handler has the head.
    private var begun = false
    /// Whether the handler wants no more.
    private var stopped = false
    /// Why a callback made libcurl stop.
    private var failure: HermesError?
    /// Bytes of a redirect's body, which no handler wants.
    private var discarded = 0

    /// Checks the request and opens its file. Throws `usage` for a header with a control character.
    init(_ request: HTTPRequest, metrics: HTTPMetrics, handler: any HTTPHandler) throws {
        for (name, value) in request.headers + request.originHeaders + [(request.method, "")] {
            guard !name.isEmpty, name.utf8.allSatisfy({ $0.isAlphanumeric || $0 == UInt8(ascii: "-") }),
                !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f })
            else {
                throw HermesError(.usage, "the header \(name.printable(50)) has characters that HTTP forbids")
            }
        }
        self.request = request
        self.metrics = metrics
        self.handler = handler
        url = request.url
        headers = request.headers
        redirectsLeft = request.redirects
        parser = HTTPHeadParser(url: request.url)
        upload = try HTTPUpload(request.body)
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit { errorText.deallocate() }

    /// Makes the easy handle of the next hop. Throws `system` when libcurl refuses an option.
    func prepare(authorities: String?, proxies: ProxySettings) throws -> UnsafeMutableRawPointer {
        owner?.assertOwned()
        guard let easy = curl_easy_init() else { throw HermesError(.system, "out of memory") }
        self.easy = easy
        parser = HTTPHeadParser(url: url)
        location = nil
        discarded = 0
        errorText.pointee = 0
        upload?.rewind(to: 0)

        var fields = headers
        if url.origin == request.url.origin {
            let own = Set(headers.map { $0.name.lowercased() })
            fields += request.originHeaders.filter { !own.contains($0.name.lowercased()) }
        }
        if !fields.contains(where: { $0.name.lowercased() == "accept-encoding" }) {
            // Blobs are named by the digest of their stored bytes; an encoding on the way would change them.
            fields.append(("Accept-Encoding", "identity"))
        }
        fields.append(("User-Agent", "hermes/\(HermesVersion.current)"))
        // "Name:" takes out what libcurl would add by itself: the 100-continue round trip, a form's content type.
        var lines = fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" } + ["Expect:"]
        if !fields.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for line in lines {
            guard let list = curl_slist_append(headerList, line) else {
                throw HermesError(.system, "out of memory")
            }
            headerList = list
        }
        try HTTPOptions(easy).set(
            request, url: url, headers: headerList, upload: upload, authorities: authorities,
            proxy: request.settings?.proxy ?? proxies.proxy(for: url), errorText: errorText,
            context: Unmanaged.passUnretained(self).toOpaque())
        return easy
    }

    /// Frees the hop's handle, which is on no multi handle any more.
    func release() {
        owner?.assertOwned()
        curl_easy_cleanup(easy)
        easy = nil
        curl_slist_free_all(headerList)
        headerList = nil
        paused = false
    }

    /// Tells the handler that it is over.
    func finish(_ result: Result<Void, HermesError>) {
        owner?.assertOwned()
        let handler = handler
        self.handler = nil
        if case .failure = result { metrics.failures.add(1, ordering: .relaxed) }
        handler?.finished(result)
    }

    /// The meaning of libcurl's result.
    func outcome(_ code: CURLcode) -> Outcome {
        owner?.assertOwned()
        if stopped { return .finished(.success(())) }
        if let failure { return .finished(.failure(failure)) }
        if let location, code == CURLE_OK || discarded > Self.discardLimit {
            if location.origin != url.origin {
                headers.removeAll { ["authorization", "cookie"].contains($0.name.lowercased()) }
            }
            url = location
            return .redirected
        }
        guard code == CURLE_OK else {
            return .finished(.failure(.transport(code, url: url, detail: String(cString: errorText))))
        }
        guard begun else {
            return .finished(.failure(HermesError(.protocolViolation, "\(url.display) gave no answer")))
        }
        return .finished(.success(()))
    }

    /// A line of the head; false makes libcurl stop.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        // Headers that come after the head are trailers.
        guard !begun, location == nil else { return true }
        do {
            guard let head = try parser.line(line) else { return true }
            metrics.responses.add(for: .init(status: head.status))
            location = try redirect(head)
            if location != nil { return true }
            begun = true
            stopped = handler?.began(head) == false
            return !stopped
        } catch {
            failure = .from(error)
            return false
        }
    }

    /// Takes bytes of the body; returns the answer for libcurl.
    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        if location != nil {
            discarded += bytes.count
            return discarded > Self.discardLimit ? .stop : .taken
        }
        let flow = handler?.received(bytes) ?? .stop
        switch flow {
        case .taken: break
        case .full: paused = true
        case .stop: stopped = true
        }
        return flow
    }

    /// A redirect's body is a line of HTML; reading it to its end lets the connection be used again.
    private static let discardLimit = 64 << 10

    /// Where the answer sends us to, if it does and the request lets itself be sent.
    private func redirect(_ head: HTTPHead) throws -> HTTPURL? {
        guard request.redirects > 0, let target = head["location"] else { return nil }
        switch head.status {
        case 307, 308: break
        // Any other method would have to turn into GET (RFC 9110 section 15.4).
        case 301, 302, 303: guard request.method == "GET" || request.method == "HEAD" else { return nil }
        default: return nil
        }
        guard redirectsLeft > 0 else {
            throw HermesError(.protocolViolation, "\(request.url.display) redirects too often")
        }
        redirectsLeft -= 1
        let next: HTTPURL
        do {
            next = try HTTPURL(target, relativeTo: url)
        } catch {
            throw HermesError(.protocolViolation, "\(url.display) redirects to nowhere", cause: error)
        }
        guard next.scheme == "https" || url.scheme == "http" else {
            throw HermesError(
                .protocolViolation, "\(url.display) redirects from https to plain http (\(next.display))")
        }
        return next
    }
}
