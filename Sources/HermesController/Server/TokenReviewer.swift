import HermesCore
import HermesKubernetes
import HermesSupport
import Logging
import Synchronization

/// Has tokens reviewed by the API server, each once however many ask, and remembers for a while what it said.
///
/// Safe for use from any thread. Neither a token nor an answer about one reaches a log.
final class TokenReviewer: Sendable {
    /// Reviews at a time. More tokens that are not known yet are turned away for the moment.
    static let atOnce = 16
    /// Milliseconds that a review may take; daemons wait 2 s for an answer.
    private static let patience = 2000
    /// The most bytes of a token; a header has no room for more.
    private static let tokenLimit = 15 << 10

    private struct State {
        var verdicts = TokenVerdicts()
        var underWay: [Digest: Task<Bool, any Error>] = [:]
        /// Whether the last review had no answer, which is said once.
        var isFailing = false
    }

    private let client: KubernetesClient
    private let terms: TokenReviewTerms
    private let log: Logger
    private let state = Mutex(State())

    init(_ client: KubernetesClient, _ terms: TokenReviewTerms, log: Logger) {
        self.client = client
        self.terms = terms
        self.log = log
    }

    /// Whether a token is one of an allowed account's. Throws `unavailable` when nobody can say that now.
    func accepts(_ token: String) async throws -> Bool {
        // A token of a service account is a JWT (RFC 7519); all else would only cost the API server work.
        guard Self.isJWT(token) else { return false }
        let digest = Digest.of(Array(token.utf8))
        let flight = state.withLock { state -> Task<Bool, any Error>? in
            if let verdict = state.verdicts.verdict(digest, now: .now()) { return Task { verdict } }
            if let task = state.underWay[digest] { return task }
            guard state.underWay.count < Self.atOnce else { return nil }
            // A task of its own: it goes on when the one that asked first is gone.
            let task = Task.detached { [self] in try await review(token, digest) }
            state.underWay[digest] = task
            return task
        }
        guard let flight else { throw HermesError(.unavailable, "too many tokens are reviewed at once") }
        return try await flight.value
    }

    private func review(_ token: String, _ digest: Digest) async throws -> Bool {
        do {
            let deadline = Monotonic.now().adding(milliseconds: Self.patience)
            let answer = try await KubernetesClient.withDeadline(deadline) { [client, terms] in
                try await client.create(TokenReview(token: token, audience: terms.audience), .tokenReviews)
            }
            let isAccepted = terms.accepts(answer.status)
            let wasFailing = state.withLock { state in
                state.underWay[digest] = nil
                state.verdicts.add(digest, isAccepted: isAccepted, now: .now())
                defer { state.isFailing = false }
                return state.isFailing
            }
            if wasFailing { log.notice("the API server reviews tokens again") }
            return isAccepted
        } catch {
            let wasFailing = state.withLock { state in
                state.underWay[digest] = nil
                defer { state.isFailing = true }
                return state.isFailing
            }
            if !wasFailing {
                log.warning("the API server reviews no tokens; nodes are turned away", metadata: ["cause": "\(error)"])
            }
            // Also where the controller lacks the right to ask: that is not the node's fault.
            throw HermesError(.unavailable, "the API server does not review tokens now", cause: error)
        }
    }

    /// Whether a text has the form of a JWT: three parts of base64url with dots between them (RFC 7515, section 7.1).
    static func isJWT(_ text: String) -> Bool {
        guard text.utf8.count <= tokenLimit else { return false }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { byte in
                        byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                    }
            }
    }
}
