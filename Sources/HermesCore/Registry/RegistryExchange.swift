import Dispatch
import HermesHTTP
import HermesSupport

/// One request to a registry with its authorisation: a 401 of the registry, or its word that it has run out, renews it and sends the request once more.
///
/// Belongs to the HTTP client's event-loop thread but for the marked functions. The handler is called as by `HTTPClient`.
final class RegistryExchange: HTTPHandler, @unchecked Sendable {
    private let host: RegistryHost
    private let request: HTTPRequest
    private let scope: String
    private let handler: any HTTPHandler
    private var task: HTTPTask?
    private var used: String?
    private var renewed = false
    private var cancelled = false
    private var done = false
    /// The refusal that is being dealt with, and its body.
    private var refusal: HTTPHead?
    private var refusalBody: [UInt8] = []

    init(_ host: RegistryHost, _ request: HTTPRequest, scope: String, handler: any HTTPHandler) {
        self.host = host
        self.request = request
        self.scope = scope
        self.handler = handler
    }

    /// Starts it. From any thread, once; the handler is never called before this returns.
    func start() {
        do {
            try host.http.perform { [self] in begin() }
        } catch {
            let error = HermesError.from(error)
            DispatchQueue.global().async { [self] in finish(.failure(error)) }
        }
    }

    /// Ends it soon, with `interrupted`. From any thread.
    func cancel() {
        // When the client is closed, all its transfers have ended.
        try? host.http.perform { [self] in
            cancelled = true
            // Without a transfer it waits for a login, which others may wait for as well and which takes its time.
            guard let task else {
                return finish(.failure(HermesError(.interrupted, "the request to \(host.name) was cancelled")))
            }
            task.cancel()
        }
    }

    /// Lets it go on after the handler said `full`. From any thread.
    func resume() { try? host.http.perform { [self] in task?.resume() } }

    /// As `start`, on the event-loop thread.
    func begin() {
        host.authenticator.authorization(for: scope) { [self] in send($0) }
    }

    private func send(_ authorization: Result<String?, HermesError>) {
        if cancelled {
            return finish(.failure(HermesError(.interrupted, "the request to \(host.name) was cancelled")))
        }
        do {
            used = try authorization.get()
            var request = request
            request.settings = host.settings
            request.originHeaders = host.headers
            if let used { request.headers.append(("Authorization", used)) }
            task = try host.http.start(request, handler: self)
        } catch {
            finish(.failure(.from(error)))
        }
    }

    func began(_ head: HTTPHead) -> Bool {
        // The 401 of a host that we were redirected to says nothing about the registry's tokens.
        // ECR answers 403 or 400 when a login has run out; only the body tells that from other refusals.
        let mayHaveExpired = used != nil && (head.status == 403 || head.status == 400)
        guard head.status == 401 || mayHaveExpired, !renewed, head.url.origin == host.base.origin else {
            return handler.began(head)
        }
        refusal = head
        return true
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        guard refusal != nil else { return handler.received(bytes) }
        guard refusalBody.count + bytes.count <= 64 << 10 else { return .stop }
        refusalBody.append(contentsOf: bytes)
        return .taken
    }

    func finished(_ result: Result<Void, HermesError>) {
        task = nil
        guard let head = refusal, case .success = result else { return finish(result) }
        refusal = nil
        renewed = true
        let resend = { [self] (renewal: Result<String?, HermesError>) in
            if case .success(let header) = renewal, header == used {
                // The same credentials would be refused again, and count as another failed login.
                pass(head)
            } else {
                refusalBody = []
                send(renewal)
            }
        }
        if head.status == 401 {
            let challenges = AuthChallenge.parse(head.all("www-authenticate"))
            host.authenticator.renew(for: scope, used: used, challenges: challenges, resend)
        } else if let used, Self.saysExpired(refusalBody) {
            host.authenticator.replaceExpired(for: scope, used: used, resend)
        } else {
            pass(head)
        }
    }

    /// Hands a refusal on that stays one.
    private func pass(_ head: HTTPHead) {
        if handler.began(head) { _ = refusalBody.withUnsafeBytes { handler.received($0) } }
        finish(.success(()))
    }

    /// Whether an answer is ECR's "Your authorization token has expired", or another registry's word for it.
    private static func saysExpired(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body, as: UTF8.self).lowercased()
        return text.contains("token has expired") || text.contains("token is expired")
            || text.contains("expiredtoken")
    }

    private func finish(_ result: Result<Void, HermesError>) {
        guard !done else { return }
        done = true
        handler.finished(result)
    }
}
