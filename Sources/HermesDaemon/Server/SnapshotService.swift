import GRPCCore
import HermesSupport
import Logging

/// containerd's snapshots API (containerd.services.snapshots.v1) over a snapshotter.
///
/// The name of the snapshotter in a request is not looked at: containerd chose this daemon by it, and its own name for it is
/// a matter of its configuration.
struct SnapshotService: Sendable {
    typealias API = Containerd_Services_Snapshots_V1_Snapshots

    let snapshotter: OverlaySnapshotter
    let log: Logger
    let work = BlockingWork()

    /// Runs a call on a thread that may block, and answers failures with their codes. Those of the machine are logged too.
    func call<Result: Sendable>(
        _ name: String, _ body: @escaping @Sendable (OverlaySnapshotter) throws -> Result
    ) async throws -> Result {
        do {
            return try await work.run { [snapshotter] in try body(snapshotter) }
        } catch {
            if !(error is SnapshotError) { log.error("\(name) failed", metadata: ["cause": "\(error)"]) }
            throw RPCError(answering: error)
        }
    }
}
