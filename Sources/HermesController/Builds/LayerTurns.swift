import HermesCore
import HermesSupport

/// Whose turn it is to read a layer: so many layers are read at a time in the whole process, and none by two builds at once, so
/// that images that share a layer share its zTOC.
///
/// Safe for use from any thread that may block.
final class LayerTurns: Sendable {
    private struct State {
        /// Layers that a build looks for or reads.
        var taken: Set<Digest> = []
        var free: Int
    }

    /// Milliseconds after which a build that waits asks whether it is still wanted.
    private static let patience: Int64 = 200

    private let state: Monitor<State>

    /// `limit` is at least 1.
    init(limit: Int) { state = Monitor(State(free: limit)) }

    /// Gives what `find` finds of a layer, or else what `make` makes of it. No other thread is in either for the same layer.
    /// `check` throws when the build has ended; its error and those of `find` and `make` are passed on.
    func take<Result>(
        _ layer: Digest, check: () throws -> Void, find: () throws -> Result?, make: () throws -> Result
    ) throws -> Result {
        try wait(check) { $0.taken.insert(layer).inserted }
        defer { give { $0.taken.remove(layer) } }
        if let found = try find() { return found }
        try wait(check) { state in
            guard state.free > 0 else { return false }
            state.free -= 1
            return true
        }
        defer { give { $0.free += 1 } }
        return try make()
    }

    /// Waits until `take` could take what it wants.
    private func wait(_ check: () throws -> Void, until take: (inout State) -> Bool) throws {
        while true {
            let isTaken = state.withLock { held in
                if take(&held.value) { return true }
                held.wait(milliseconds: Self.patience)
                return take(&held.value)
            }
            if isTaken { return }
            try check()
        }
    }

    private func give(_ change: (inout State) -> Void) {
        state.withLock { held in
            change(&held.value)
            held.broadcast()
        }
    }
}
