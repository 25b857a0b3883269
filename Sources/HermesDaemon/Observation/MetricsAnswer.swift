/// What the metrics server answers to a request. Pure.
enum MetricsAnswer: Equatable {
    /// The metrics, which are made on another thread.
    case metrics
    /// A line of text with a status (RFC 9110, section 15).
    case text(status: Int, String)

    /// The answer to `method` for the path `target`, whose query does not matter.
    init(method: String, target: String, isReady: Bool) {
        guard method == "GET" || method == "HEAD" else {
            self = .text(status: 405, "only GET and HEAD are answered")
            return
        }
        self =
            switch target.prefix(while: { $0 != "?" }) {
            case "/metrics": .metrics
            case "/healthz": .text(status: 200, "ok")
            case "/readyz": isReady ? .text(status: 200, "ok") : .text(status: 503, "containerd is not answered")
            default: .text(status: 404, "there are /metrics, /healthz and /readyz")
            }
    }
}
