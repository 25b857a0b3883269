import Glibc
import Synchronization

extension SystemThread {
    /// Runs `body` for each of `indices`, in their order, on the calling thread and on others beside it: as many as there are processors,
    /// four at most. Blocks until all have ended. Throws the first error; what had not begun by then is left out.
    package static func each(
        _ name: String, _ indices: [Int], _ body: @escaping @Sendable (Int) throws -> Void
    ) throws {
        let state = Mutex((next: 0, failure: (any Error)?.none))
        let work: @Sendable () -> Void = {
            while let index = state.withLock({ state -> Int? in
                guard state.failure == nil, state.next < indices.count else { return nil }
                defer { state.next += 1 }
                return indices[state.next]
            }) {
                do {
                    try body(index)
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        // Where a thread cannot start, the others do its work.
        let others = (1..<max(1, min(4, processors, indices.count))).compactMap { _ in try? SystemThread(name, work) }
        work()
        for thread in others { thread.join() }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
