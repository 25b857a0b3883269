import HermesHTTP
import HermesSupport

/// The counters of the registry clients of this process. Connections, logins and tokens are shared by all mounts, so
/// these counters are the process's.
///
/// Safe for use from any thread; counting takes no lock.
package final class RegistryMetrics: Sendable {
    /// The results of looking for credentials.
    enum Lookup: String, MetricLabel {
        case found, none, failed
        static let labelName = "result"
    }

    /// The results of asking for a token.
    enum Token: String, MetricLabel {
        case granted, refused, failed
        static let labelName = "result"

        init(_ error: HermesError) { self = error.code == .denied ? .refused : .failed }
    }

    /// The counters of this process.
    package static let shared = RegistryMetrics()

    /// Answers of registries, token servers and proxies.
    package let http = HTTPMetrics()
    /// Searches for credentials.
    let lookups = CounterSet<Lookup>()
    /// Requests for tokens.
    let tokens = CounterSet<Token>()

    /// The metrics with the values that they have now.
    package func families() -> [MetricFamily] {
        [
            http.responses.family(
                "hermes_http_responses_total", "Answers of registries, by the class of their status."),
            .counter(
                "hermes_http_failures_total", "Requests to registries that ended without a whole answer.",
                http.failures.load(ordering: .relaxed)),
            lookups.family("hermes_credential_lookups_total", "Searches for credentials, by what they found."),
            tokens.family("hermes_token_requests_total", "Requests for tokens, by what became of them."),
        ]
    }
}
