import HermesSupport

/// How many requests were answered how. Safe for use from any thread; counting takes no lock.
final class RequestMetrics: Sendable {
    /// The kinds of requests, as a label.
    enum Kind: String, MetricLabel {
        case health, readiness, metrics, resolve, artifacts, blob, unknown

        static let labelName = "request"

        init(_ route: ArtifactRoute) {
            self =
                switch route {
                case .health: .health
                case .readiness: .readiness
                case .metrics: .metrics
                case .resolve: .resolve
                case .artifacts: .artifacts
                case .blob: .blob
                case .unknown: .unknown
                }
        }
    }

    /// The classes of statuses, as a label.
    enum Status: String, MetricLabel {
        case success = "2xx"
        case unchanged = "3xx"
        case refused = "4xx"
        case failed = "5xx"

        static let labelName = "status"

        init(_ code: Int) {
            self =
                switch code {
                case ..<300: .success
                case 300..<400: .unchanged
                case 400..<500: .refused
                default: .failed
                }
        }
    }

    private let counts = Kind.allCases.map { (kind: $0, statuses: CounterSet<Status>()) }

    /// A request was answered with the status `code`.
    func answered(_ route: ArtifactRoute, _ code: Int) {
        let kind = Kind(route)
        counts.first { $0.kind == kind }?.statuses.add(for: Status(code))
    }

    /// The metrics with the values that they have now.
    func families() -> [MetricFamily] {
        [
            MetricFamily(
                name: "hermes_controller_requests_total", help: "Requests over HTTP, by what was asked and the status.",
                kind: .counter,
                samples: counts.flatMap { count in
                    Status.allCases.map { status in
                        .init(
                            labels: [
                                (Kind.labelName, count.kind.labelValue), (Status.labelName, status.labelValue),
                            ], value: Double(count.statuses[status]))
                    }
                })
        ]
    }
}
