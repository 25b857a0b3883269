import HermesKubernetes
import HermesSupport

/// Whose tokens a controller accepts from nodes. A value.
package struct TokenReviewTerms: Sendable {
    /// For whom a token has to be, as its account asks for it.
    let audience: String
    /// The user names of the service accounts.
    let users: Set<String>

    /// `accounts` are "namespace/name". Throws `usage` where there is none, as any Pod of a cluster can get a token for any audience;
    /// for one that is not an account; and for an empty audience.
    package init(audience: String, accounts: [String]) throws {
        guard !audience.isEmpty, audience.utf8.count <= 253, audience == audience.printable(253) else {
            throw HermesError(.usage, "\"\(audience.printable(100))\" is not the audience of a token")
        }
        guard !accounts.isEmpty else {
            throw HermesError(
                .usage, "no service account is allowed whose tokens are reviewed",
                advice: "name each with --token-review-account NAMESPACE/NAME")
        }
        self.audience = audience
        users = Set(
            try accounts.map { account in
                let parts = account.split(separator: "/", omittingEmptySubsequences: false)
                // Both are DNS names, as those of nodes.
                guard parts.count == 2, parts.allSatisfy({ NodeName(String($0)) != nil }) else {
                    throw HermesError(
                        .usage, "\"\(account.printable(100))\" is not a service account",
                        advice: "write NAMESPACE/NAME, such as hermes-system/hermes-node")
                }
                return "system:serviceaccount:\(parts[0]):\(parts[1])"
            })
    }

    /// Whether a review says that the token is one of these accounts' and for this audience.
    ///
    /// A server that knows no audiences says nothing of them; its token could be for anybody and is not accepted.
    func accepts(_ review: TokenReview.Status?) -> Bool {
        guard let review, review.authenticated == true, let user = review.user?.username else { return false }
        return users.contains(user) && (review.audiences ?? []).contains(audience)
    }
}
