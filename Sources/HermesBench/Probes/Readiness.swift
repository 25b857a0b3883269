import HermesHTTP
import HermesSupport

/// What makes a workload ready.
package enum Readiness: Sendable {
    /// Its process ends with code 0.
    case exit
    /// It writes a line with a match.
    case log(RegularExpression, pattern: String)
    /// A GET of the URL is answered with a status below 400.
    case http(HTTPURL)

    /// In words, for reports.
    var words: String {
        switch self {
        case .exit: "exit"
        case .log(_, let pattern): "log \(pattern)"
        case .http(let url): "http \(url.display)"
        }
    }
}
