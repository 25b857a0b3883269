/// Asks the API server whose a token is (authentication.k8s.io/v1 TokenReview). The server keeps none of it.
package struct TokenReview: Codable, Sendable {
    package struct Spec: Codable, Sendable {
        package var token: String?
        /// For whom the token has to be; one of them is enough.
        package var audiences: [String]?
    }

    package struct User: Codable, Sendable {
        package var username: String?
    }

    package struct Status: Codable, Sendable {
        package var authenticated: Bool?
        package var user: User?
        /// Those of `Spec.audiences` that the token is for. A server that knows no audiences leaves this out, and the token may be for
        /// anybody.
        package var audiences: [String]?
    }

    package var apiVersion = "authentication.k8s.io/v1"
    package var kind = "TokenReview"
    /// A server may leave the token out of its answer.
    package var spec: Spec?
    package var status: Status?

    package init(token: String, audience: String) { spec = Spec(token: token, audiences: [audience]) }
}

extension ResourcePath {
    package static let tokenReviews = ResourcePath(group: "authentication.k8s.io", plural: "tokenreviews")
}
