import Glibc
import Synchronization

/// Which thread a value with mutable state belongs to, so that a debug build notices a call from another one.
///
/// Can be asked from any thread. `adopt()` names the owner, once. Before that, every thread is right: the value is
/// still with the thread that makes it.
package final class ThreadOwner: Sendable {
    /// pthread_self(3) of the owner; 0 before there is one, which glibc gives no thread.
    private let owner = Atomic<UInt>(0)

    package init() {}

    /// Makes the calling thread the owner. To be called once, before anything is handed to it.
    package func adopt() { owner.store(UInt(pthread_self()), ordering: .releasing) }

    /// Whether the calling thread is the owner, or no owner is named yet.
    package var isOwned: Bool {
        let owner = owner.load(ordering: .acquiring)
        return owner == 0 || owner == UInt(pthread_self())
    }

    /// Ends a debug build that is on another thread; nothing in a release build.
    package func assertOwned(file: StaticString = #fileID, line: UInt = #line) {
        assert(isOwned, "this belongs to another thread", file: file, line: line)
    }
}
