import Synchronization

/// Which spans of an open layer are being fetched, so that images that share the layer fetch each once.
///
/// Who fetches a span claims it. Another that wants it as well, no more urgently, follows: it is told when the claim ends, and
/// finds the span in the cache, or fetches it itself. Safe for use from any thread; it never calls back while it is called.
final class SpanClaims: Sendable {
    /// What a follower does once a claim has ended; must not block.
    typealias Follower = @Sendable () -> Void

    private struct Claim {
        var owner: ObjectIdentifier
        var urgency: Int
        var followers: [ObjectIdentifier: Follower] = [:]
    }

    private let claims = Mutex<[Int: Claim]>([:])

    /// Claims a span for `owner`; the higher `urgency`, the more urgent. False if another has claimed it with as much urgency: `follower` is then kept until that
    /// claim ends. A claim of less urgency is taken over, for whoever made it may be slow on purpose.
    func take(
        _ span: Int, for owner: ObjectIdentifier, urgency: Int, follower: @escaping Follower
    ) -> Bool {
        claims.withLock { claims in
            guard var claim = claims[span] else {
                claims[span] = Claim(owner: owner, urgency: urgency)
                return true
            }
            let isMine = claim.owner == owner || claim.urgency < urgency
            if isMine {
                claim.owner = owner
                claim.urgency = max(claim.urgency, urgency)
                claim.followers[owner] = nil
            } else {
                claim.followers[owner] = follower
            }
            claims[span] = claim
            return isMine
        }
    }

    /// Ends the claim of `owner` on a span, if it has one, and returns those who follow, for the caller to call.
    func release(_ span: Int, of owner: ObjectIdentifier) -> [Follower] {
        claims.withLock { claims in
            guard claims[span]?.owner == owner else { return [] }
            return claims.removeValue(forKey: span).map { Array($0.followers.values) } ?? []
        }
    }
}
