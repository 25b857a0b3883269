import Dispatch
import HermesHTTP
import HermesSupport

/// One GET of a blob, or of a range of a blob: first from the target of the registry's last redirect, and when that
/// target refuses (a signed URL has run out) through the registry again.
///
/// Belongs to the event-loop thread but for the marked functions. The handler is called as by `HTTPClient`; it sees only
/// the answer that counts.
final class BlobExchange: HTTPHandler, @unchecked Sendable {
    private let host: RegistryHost
    private let blob: BlobRedirects.Blob
    private let request: HTTPRequest
    private let handler: any HTTPHandler
    /// The transfer from a known target.
    private var direct: HTTPTask?
    private var isDirect = false
    /// The known target that was asked, and whether that was a second one.
    private var asked: HTTPURL?
    private var isSecond = false
    /// Whether the known target refuses.
    private var refused = false
    private var throughRegistry: RegistryExchange?
    private var cancelled = false

    /// `range` nil asks for the whole blob; `isOnNewConnection` as in `HTTPRequest`. Throws `usage` for an invalid
    /// repository name.
    init(
        _ host: RegistryHost, _ blob: BlobRedirects.Blob, range: Range<Int64>?, isOnNewConnection: Bool = false,
        handler: any HTTPHandler
    ) throws {
        self.host = host
        self.blob = blob
        self.handler = handler
        var request = HTTPRequest("GET", try host.url(blob.repository, "blobs/\(blob.digest)"))
        if let range {
            request.headers.append(("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        request.isOnNewConnection = isOnNewConnection
        self.request = request
    }

    /// Starts it. From any thread, once; the handler is never called before this returns.
    func start() {
        do {
            try host.http.perform { [self] in begin() }
        } catch {
            let error = HermesError.from(error)
            DispatchQueue.global().async { [self] in handler.finished(.failure(error)) }
        }
    }

    /// Ends it soon, with `interrupted`. From any thread.
    func cancel() {
        try? host.http.perform { [self] in
            cancelled = true
            direct?.cancel()
            throughRegistry?.cancel()
        }
    }

    /// Lets it go on after the handler said `full`. From any thread.
    func resume() {
        try? host.http.perform { [self] in
            direct?.resume()
            throughRegistry?.resume()
        }
    }

    private func begin() {
        guard let target = host.redirects[blob] else { return askRegistry() }
        asked = target
        var request = request
        request.url = target
        request.settings = host.settings
        isDirect = true
        do {
            direct = try host.http.start(request, handler: self)
        } catch {
            finish(.failure(.from(error)))
        }
    }

    /// After a refusal, a target that another request has learned meanwhile is tried once, before the registry is
    /// asked.
    private func beginAgain() {
        refused = false
        guard !isSecond, host.redirects[blob] != nil else { return askRegistry() }
        isSecond = true
        begin()
    }

    private func askRegistry() {
        isDirect = false
        let exchange = RegistryExchange(
            host, request, scope: RegistryClient.pullScope(blob.repository), handler: self)
        throughRegistry = exchange
        exchange.begin()
    }

    func began(_ head: HTTPHead) -> Bool {
        if isDirect, [400, 401, 403, 404].contains(head.status) {
            forgetTarget()
            refused = true
            return true
        }
        if !isDirect, head.status == 200 || head.status == 206, head.url.origin != host.base.origin {
            host.redirects[blob] = head.url
        }
        return handler.began(head)
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        // The body of an object store's refusal is short XML that no code reads.
        refused ? .stop : handler.received(bytes)
    }

    func finished(_ result: Result<Void, HermesError>) {
        if isDirect {
            direct = nil
            if case .failure = result { forgetTarget() }
            if refused, !cancelled { return beginAgain() }
        }
        finish(result)
    }

    /// Forgets the target that was asked, because it failed. A target that was learned since then stays.
    private func forgetTarget() {
        if host.redirects[blob] == asked { host.redirects[blob] = nil }
    }

    private func finish(_ result: Result<Void, HermesError>) {
        direct = nil
        throughRegistry = nil
        if refused, case .success = result {
            return handler.finished(
                .failure(HermesError(.interrupted, "the request to \(host.name) was cancelled")))
        }
        handler.finished(result)
    }
}
