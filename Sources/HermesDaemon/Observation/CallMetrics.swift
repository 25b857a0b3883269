import GRPCCore
import HermesSupport

/// The calls of containerd's snapshots API, by their names there.
enum SnapshotCall: String, MetricLabel {
    case prepare = "Prepare"
    case view = "View"
    case mounts = "Mounts"
    case commit = "Commit"
    case remove = "Remove"
    case stat = "Stat"
    case update = "Update"
    case list = "List"
    case usage = "Usage"
    case cleanup = "Cleanup"

    static let labelName = "call"
}

/// How a call was answered: the codes of gRPC that the daemon gives, and one for all others.
enum CallCode: String, MetricLabel {
    case ok
    case notFound = "not_found"
    case alreadyExists = "already_exists"
    case invalidArgument = "invalid_argument"
    case failedPrecondition = "failed_precondition"
    case unavailable
    case `internal`
    case other

    static let labelName = "code"

    init(_ code: RPCError.Code) {
        self =
            switch code {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .invalidArgument: .invalidArgument
            case .failedPrecondition: .failedPrecondition
            case .unavailable: .unavailable
            case .internalError: .internal
            default: .other
            }
    }
}

/// How many of containerd's calls were answered how, and how long that took.
///
/// Safe for use from any thread; counting takes no lock.
final class CallMetrics: Sendable {
    private struct Call: Sendable {
        let name: SnapshotCall
        let codes = CounterSet<CallCode>()
        let duration = Histogram()
    }

    private let calls = SnapshotCall.allCases.map { Call(name: $0) }

    /// A call that began at `start` is answered.
    func ended(_ name: SnapshotCall, _ code: CallCode, since start: Monotonic) {
        guard let call = calls.first(where: { $0.name == name }) else { return }
        call.codes.add(for: code)
        call.duration.observe(from: start)
    }

    /// The metrics with the values that they have now.
    func families() -> [MetricFamily] {
        [
            MetricFamily(
                name: "hermes_daemon_calls_total", help: "Calls of containerd, by how they were answered.",
                kind: .counter,
                samples: calls.flatMap { call in
                    CallCode.allCases.map { code in
                        .init(
                            labels: [Self.label(call), (CallCode.labelName, code.labelValue)],
                            value: Double(call.codes[code]))
                    }
                }),
            MetricFamily(
                name: "hermes_daemon_call_duration_seconds", help: "From a call's start to its answer.",
                kind: .histogram,
                samples: calls.flatMap { $0.duration.samples(labels: [Self.label($0)]) }),
        ]
    }

    private static func label(_ call: Call) -> (name: String, value: String) {
        (SnapshotCall.labelName, call.name.labelValue)
    }
}
