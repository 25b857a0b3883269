import HermesSupport
import Synchronization

/// A handler that keeps the body in memory, up to a limit. Event-loop thread only.
package final class HTTPCollector: HTTPHandler, @unchecked Sendable {
    package typealias Completion = @Sendable (Result<HTTPResponse, HermesError>) -> Void

    private let limit: Int
    private let completion: Completion
    private var head: HTTPHead?
    private var body: [UInt8] = []
    private var tooLarge = false

    package init(limit: Int, completion: @escaping Completion) {
        self.limit = limit
        self.completion = completion
    }

    package func began(_ head: HTTPHead) -> Bool {
        self.head = head
        return true
    }

    package func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        guard bytes.count <= limit - body.count else {
            tooLarge = true
            return .stop
        }
        body.append(contentsOf: bytes)
        return .taken
    }

    package func finished(_ result: Result<Void, HermesError>) {
        switch (result, head) {
        case (.failure(let error), _): completion(.failure(error))
        case (.success, let head?) where tooLarge:
            completion(
                .failure(
                    HermesError(
                        .protocolViolation, "\(head.url.display) answers with more than \(limit) bytes")))
        case (.success, let head?): completion(.success(HTTPResponse(head: head, body: body)))
        case (.success, nil):
            completion(.failure(HermesError(.protocolViolation, "a server gave no answer")))
        }
    }

    /// Waits for a response whose transfer `begin` starts; a cancelled task cancels the transfer.
    package static func response(
        _ begin: @escaping @Sendable (@escaping Completion) throws -> Cancellation
    ) async throws -> HTTPResponse {
        let running = Mutex<(cancellation: Cancellation?, cancelled: Bool)>((nil, false))
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                do {
                    let cancellation = try begin { continuation.resume(with: $0) }
                    let late = running.withLock { state in
                        state.cancellation = cancellation
                        return state.cancelled
                    }
                    if late { cancellation.cancel() }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            let cancellation = running.withLock { state in
                state.cancelled = true
                return state.cancellation
            }
            cancellation?.cancel()
        }
    }
}
