import HermesSupport
import Synchronization

/// The compressed bytes that all images of a process have under way: asked for, or here and not yet inflated.
///
/// Over the limit, an image begins nothing that no reader waits for, and one request at a time for those that wait. So memory
/// does not grow with the number of images that read at once, and none of them starves. Safe for use from any thread.
final class FetchBudget: Sendable {
    /// Bytes. One image alone reaches a quarter of it with what is in the background.
    static let limit: Int64 = 128 << 20

    private struct State {
        var used: Int64 = 0
        /// The schedulers that held something back.
        var held: [ObjectIdentifier: SpanScheduler] = [:]
    }

    private let state = Mutex(State())

    /// The bytes under way.
    var used: Int64 { state.withLock(\.used) }

    /// Whether the limit is reached. If so, `scheduler` is among those that `change` gives when it is not any more.
    func isCrowded(for scheduler: SpanScheduler) -> Bool {
        state.withLock { state in
            guard state.used >= Self.limit else { return false }
            state.held[ObjectIdentifier(scheduler)] = scheduler
            return true
        }
    }

    /// So many bytes more, or less, are under way. Returns the schedulers that can go on.
    func change(by bytes: Int64) -> [SpanScheduler] {
        state.withLock { state in
            state.used += bytes
            guard state.used < Self.limit, !state.held.isEmpty else { return [] }
            defer { state.held = [:] }
            return Array(state.held.values)
        }
    }
}
