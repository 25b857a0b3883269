import HermesCore
import HermesSupport
import Hummingbird
import Logging
import NIOPosix

/// Answers requests. `ArtifactServer` lists them.
struct ArtifactResponder: HTTPResponder {
    /// Nil while this process has no store.
    let store: @Sendable () -> ArtifactStore?
    let answers: ReadyAnswers
    let questions: NodeQuestions
    let tokens: TokenCheck
    let metrics: @Sendable () -> [MetricFamily]
    let unready: @Sendable () -> String?
    /// Where code runs that blocks on the disk.
    let disk: NIOThreadPool
    let requests: RequestMetrics
    let log: Logger

    func respond(to request: Request, context: ArtifactContext) async throws -> Response {
        let (route, query) = ArtifactRoute.parse(request.head.path ?? "")
        var response: Response
        do {
            response = try await answer(request, route, query)
        } catch let error as HermesError where error.code == .usage {
            response = Answers.failure(.badRequest, error.message)
        } catch {
            log.error(
                "a request failed", metadata: ["path": "\(request.head.path ?? "")".printed, "cause": "\(error)"])
            response = Answers.failure(.internalServerError, "the controller cannot read its artifacts")
        }
        requests.answered(route, response.status.code)
        if request.method == .head { response = response.createHeadResponse() }
        return request.hasBody ? response.closing(context.channel) : response
    }

    private func answer(_ request: Request, _ route: ArtifactRoute, _ query: Substring) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            var response = Answers.failure(.methodNotAllowed, "only GET and HEAD are answered")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        if !route.isOpen, let refusal = try await refusal(request) { return refusal }
        switch route {
        case .resolve: return try await withStore { try await resolve(String(query), request.headers, $0) }
        case .blob(let digest): return try await withStore { try await blob(digest, request.headers, $0) }
        case .artifacts: return try await withStore { try await list(query, $0) }
        case .health: return Answers.ok()
        case .readiness: return unready().map { Answers.failure(.serviceUnavailable, $0) } ?? Answers.ok()
        case .metrics:
            let families = try await disk.runIfActive { metrics() + requests.families() }
            return Answers.metrics(families)
        case .unknown: return Answers.failure(.notFound, "there is no such path")
        }
    }

    /// The answer to a request without a valid token, or whose token nobody can check now; nil for one that may ask.
    private func refusal(_ request: Request) async throws -> Response? {
        do {
            guard try await !tokens.allows(request.headers[.authorization]) else { return nil }
            var response = Answers.failure(.unauthorized, "a valid token is needed")
            response.headers[.wwwAuthenticate] = "Bearer"
            return response
        } catch let error as HermesError where error.code == .unavailable {
            var response = Answers.failure(.serviceUnavailable, error.message)
            response.headers[.retryAfter] = "5"
            return response
        }
    }

    private func withStore(_ answer: (ArtifactStore) async throws -> Response) async throws -> Response {
        guard let store = store() else {
            return Answers.failure(.serviceUnavailable, "this controller has no indexes now")
        }
        return try await answer(store)
    }

    private func blob(_ digest: Digest?, _ headers: HTTPFields, _ store: ArtifactStore) async throws -> Response {
        guard let digest else { return Answers.failure(.badRequest, "invalid digest") }
        guard let blob = try await disk.runIfActive({ try store.openBlob(digest) }) else {
            return Answers.failure(.notFound, "blob not found: \(digest)")
        }
        return BlobAnswer.make(blob, headers, on: disk)
    }
}

extension String {
    fileprivate var printed: Logger.MetadataValue { "\(printable(300))" }
}

extension Request {
    /// No request that is answered has a body.
    fileprivate var hasBody: Bool {
        headers[.transferEncoding] != nil || (headers[.contentLength] ?? "0") != "0"
    }
}
