import HermesCore
import HermesSupport
import Synchronization

/// Which node was given the index of which image, and when it asked last: what tells that a node shows an image lazily.
///
/// At most twice `limit` pairs are kept, the ones that were asked for last. A name is what a request says, and whoever may ask can say
/// any, so this is for metrics alone. Safe for use from any thread.
package final class NodeQuestions: Sendable {
    static let limit = 16_384

    private struct Question: Hashable {
        let node: NodeName
        let manifest: Digest
    }

    private struct State {
        /// The Unix seconds of each question. A full `young` becomes `old`, whose pairs are then forgotten.
        var young: [Question: Int64] = [:]
        var old: [Question: Int64] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// A node was given the index of a manifest at `time`, in Unix seconds.
    func answered(_ node: NodeName, _ manifest: Digest, at time: Int64) {
        state.withLock { state in
            let question = Question(node: node, manifest: manifest)
            if state.young[question] == nil, state.young.count >= Self.limit {
                state.old = state.young
                state.young = [:]
            }
            state.young[question] = time
        }
    }

    /// When the node was given the index of the manifest last, in Unix seconds; nil when it was not, or that is forgotten.
    func last(_ node: NodeName, _ manifest: Digest) -> Int64? {
        let question = Question(node: node, manifest: manifest)
        return state.withLock { $0.young[question] ?? $0.old[question] }
    }
}
