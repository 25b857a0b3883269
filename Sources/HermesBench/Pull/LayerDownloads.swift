import HermesContainerd
import HermesCore
import HermesSupport

/// The layers of an image on their way to containerd's content store, a few at a time, the lowest first.
final class LayerDownloads: Sendable {
    private struct State {
        /// The layer that is begun next.
        var next: Int
        var isStopped = false
        var done: [Int: Result<Void, any Error>] = [:]
    }

    private let pull: ImagePull
    private let isInterrupted: @Sendable () -> Bool
    private let state: Monitor<State>
    private let threads: [SystemThread]

    /// Bytes of a piece: what containerd's own client sends.
    private static let piece = 1 << 20

    /// Starts with layer `first`.
    init(_ pull: ImagePull, from first: Int, _ isInterrupted: @escaping @Sendable () -> Bool) {
        self.pull = pull
        self.isInterrupted = isInterrupted
        let state = Monitor(State(next: first))
        self.state = state
        let count = min(ImagePull.concurrency, pull.image.layers.count - first)
        threads = (0..<count).compactMap { _ in
            try? SystemThread("hermes-download") { Self.work(pull, state, isInterrupted) }
        }
    }

    /// Waits until a layer is in the content store. Throws what it failed with.
    func wait(for index: Int) throws {
        guard !threads.isEmpty else { throw HermesError(.system, "cannot start a thread that fetches layers") }
        let result = state.withLock { held in
            while held.value.done[index] == nil { held.wait() }
            return held.value.done[index]
        }
        try result?.get()
    }

    /// Ends what is under way, and waits for its end. To be called once.
    func stop() {
        state.withLock { $0.value.isStopped = true }
        for thread in threads { thread.join() }
    }

    private static func work(
        _ pull: ImagePull, _ state: Monitor<State>, _ isInterrupted: @escaping @Sendable () -> Bool
    ) {
        let layers = pull.image.layers
        while let index = state.withLock({ held -> Int? in
            guard !held.value.isStopped, held.value.next < layers.count else { return nil }
            defer { held.value.next += 1 }
            return held.value.next
        }) {
            let result = Result {
                try download(layers[index].descriptor, pull) {
                    isInterrupted() || state.withLock { $0.value.isStopped }
                }
            }
            state.withLock {
                $0.value.done[index] = result
                $0.broadcast()
            }
        }
    }

    private static func download(
        _ blob: Descriptor, _ pull: ImagePull, _ isStopped: @escaping @Sendable () -> Bool
    ) throws {
        let stream = SharedSource(try pull.source.openBlob(blob))
        do {
            try pull.containerd.writeContent(blob.forContainerd, lease: pull.lease) {
                guard !isStopped() else { throw HermesError(.interrupted, "the pull was stopped") }
                return try stream.read(piece)
            }
        } catch {
            throw HermesError("cannot fetch layer \(blob.digest) of \(pull.image.reference)", cause: error)
        }
    }
}
