import NIOCore
import Synchronization

/// The answers for images whose index is ready, by the query that asked for them, so that a question of many nodes at once costs
/// neither a parse nor the database; and which artifacts were asked for. Safe for use from any thread.
final class ReadyAnswers: Sendable {
    /// The bytes of queries and answers that are kept, at most.
    static let limit = 16 << 20
    /// The longest query that is kept, in bytes.
    static let queryLimit = 2048

    private struct Answer {
        let body: ByteBuffer
        let key: Artifact.Key
        var isUsed = true
    }

    private struct State {
        /// The generation of the store that the answers belong to.
        var generation = 0
        var answers: [String: Answer] = [:]
        var bytes = 0
        var used: Set<Artifact.Key> = []

        /// Forgets the answers of another generation.
        mutating func enter(_ generation: Int) {
            guard self.generation != generation else { return }
            self.generation = generation
            clear()
        }

        mutating func clear() {
            answers = [:]
            bytes = 0
        }
    }

    private let state = Mutex(State())

    /// The answer to a query and what it is about, if it was kept since the last change of the store.
    func answer(_ query: String, generation: Int) -> (body: ByteBuffer, key: Artifact.Key)? {
        state.withLock { state in
            state.enter(generation)
            guard let answer = state.answers[query] else { return nil }
            if !answer.isUsed {
                state.answers[query]?.isUsed = true
                state.used.insert(answer.key)
            }
            return (answer.body, answer.key)
        }
    }

    /// Keeps an answer that was made of what the store had in `generation` or later, and notes that it was asked for.
    func add(_ body: ByteBuffer, for query: String, _ key: Artifact.Key, generation: Int) {
        state.withLock { state in
            state.used.insert(key)
            let size = query.utf8.count + body.readableBytes
            guard state.generation == generation, query.utf8.count <= Self.queryLimit, size <= Self.limit / 16 else {
                return
            }
            if state.bytes + size > Self.limit { state.clear() }
            if state.answers.updateValue(Answer(body: body, key: key), forKey: query) == nil { state.bytes += size }
        }
    }

    /// The artifacts that were asked for since the last call.
    func takeUsed() -> Set<Artifact.Key> {
        state.withLock { state in
            for query in state.answers.keys { state.answers[query]?.isUsed = false }
            defer { state.used = [] }
            return state.used
        }
    }
}
