import HermesSupport
import Synchronization

/// How much the images of a process have under way together, and so what one of them may begin.
enum FetchCrowding: Int, Comparable, Sendable {
    /// Each image begins what its own limits allow.
    case none
    /// Fill begins a small request, and only in an image that has nothing under way: the rest of the room is for readers.
    case half
    /// Only what a reader waits for begins, one request at a time.
    case full

    static func < (left: FetchCrowding, right: FetchCrowding) -> Bool { left.rawValue < right.rawValue }
}

/// The compressed bytes that all images of a process have under way: asked for, or here and not yet inflated.
///
/// Spans of fill may lie here for long, as their inflating rests while programs want all processors. So fill is held back from half
/// of the limit on. At the limit, an image begins nothing that no reader waits for, and one request at a time for those that wait.
/// So memory does not grow with the number of images that read at once, and none of them starves. Safe for use from any thread.
final class FetchBudget: Sendable {
    /// Bytes. One image alone reaches a quarter of it with what is in the background.
    static let limit: Int64 = 128 << 20

    private struct State {
        var used: Int64 = 0
        /// The schedulers that held something back, and why they did.
        var held: [ObjectIdentifier: (scheduler: SpanScheduler, crowding: FetchCrowding)] = [:]

        var crowding: FetchCrowding { used < limit / 2 ? .none : used < limit ? .half : .full }
    }

    private let state = Mutex(State())

    /// The bytes under way.
    var used: Int64 { state.withLock(\.used) }

    /// What holds `scheduler` back now. Unless that is nothing, it is among those that `change` gives when it may begin more.
    func crowding(for scheduler: SpanScheduler) -> FetchCrowding {
        state.withLock { state in
            let crowding = state.crowding
            if crowding > .none { state.held[ObjectIdentifier(scheduler)] = (scheduler, crowding) }
            return crowding
        }
    }

    /// So many bytes more, or less, are under way. Returns the schedulers that can go on.
    func change(by bytes: Int64) -> [SpanScheduler] {
        state.withLock { state in
            state.used += bytes
            let crowding = state.crowding
            guard crowding < .full, !state.held.isEmpty else { return [] }
            let ready = state.held.filter { $0.value.crowding > crowding }
            for key in ready.keys { state.held[key] = nil }
            return ready.values.map(\.scheduler)
        }
    }
}
