import GRPCCore
import HermesContainerd
import HermesSupport
import Logging

/// containerd's snapshots API (containerd.services.snapshots.v1) over a snapshotter.
///
/// The name of the snapshotter in a request is not looked at: containerd chose this daemon by it, and its own name for it is
/// a matter of its configuration.
struct SnapshotService: Sendable {
    typealias API = Containerd_Services_Snapshots_V1_Snapshots

    let snapshotter: OverlaySnapshotter
    let calls: CallMetrics
    let log: Logger
    let work = BlockingWork()

    /// Runs a call about the snapshot `key` on a thread that may block, and answers failures with their codes. Those of the
    /// machine are logged as errors, and all calls for whoever looks for a mistake.
    func call<Result: Sendable>(
        _ call: SnapshotCall, _ key: String = "", _ body: @escaping @Sendable (OverlaySnapshotter) throws -> Result
    ) async throws -> Result {
        let start = Monotonic.now()
        func fields() -> Logger.Metadata {
            ["key": "\(key)", "ms": "\(Int(Monotonic.now().milliseconds(since: start)))"]
        }
        do {
            let result = try await work.run { [snapshotter] in try body(snapshotter) }
            log.debug("\(call.rawValue) answered", metadata: fields())
            calls.ended(call, .ok, since: start)
            return result
        } catch {
            let level: Logger.Level = error is SnapshotError ? .debug : .error
            log.log(level: level, "\(call.rawValue) failed", metadata: fields().merging(["cause": "\(error)"]) { $1 })
            let answer = RPCError(answering: error)
            calls.ended(call, CallCode(answer.code), since: start)
            throw answer
        }
    }
}
