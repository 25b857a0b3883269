@testable import HermesCore
@testable import HermesHTTP

extension FuzzTarget {
    /// WWW-Authenticate headers, one to a line, and the request for a token that they lead to.
    static let auth = FuzzTarget(name: "auth") { bytes in
        var input = FuzzInput(bytes)
        var headers: [String] = []
        while !input.rest.isEmpty, headers.count < 16 { headers.append(input.text()) }
        let registry = try HTTPURL("https://registry.example")
        for challenge in AuthChallenge.parse(headers) {
            check(!challenge.scheme.isEmpty, "a challenge without a scheme")
            guard let realm = challenge.parameters["realm"] else { continue }
            let request = try TokenExchange.request(
                realm: realm, service: challenge.parameters["service"], scope: challenge.parameters["scope"] ?? "",
                credentials: .password(user: "user", password: "secret"), registry: registry)
            check(request.url.scheme == "https", "credentials for a server without TLS")
            // What was made of the parts is the same URL again.
            check(try HTTPURL(request.url.text) == request.url, "\(request.url.text) changes when it is read again")
        }
    }
}
