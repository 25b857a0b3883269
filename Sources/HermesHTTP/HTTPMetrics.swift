import HermesSupport
import Synchronization

/// The counters of the clients that share this object.
///
/// Safe for use from any thread; counting takes no lock.
package final class HTTPMetrics: Sendable {
    /// The first digit of an answer's status.
    package enum StatusClass: String, MetricLabel {
        case success = "2xx"
        case redirect = "3xx"
        case clientError = "4xx"
        case serverError = "5xx"
        case other

        package static let labelName = "class"

        init(status: Int) {
            switch status {
            case 200...299: self = .success
            case 300...399: self = .redirect
            case 400...499: self = .clientError
            case 500...599: self = .serverError
            default: self = .other
            }
        }
    }

    /// Answers, redirects included.
    package let responses = CounterSet<StatusClass>()
    /// Requests that ended without an answer, or within one.
    package let failures = Atomic<Int>(0)

    package init() {}
}
