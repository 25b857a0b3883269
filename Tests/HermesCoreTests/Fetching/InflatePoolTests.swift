import HermesSupport
import HermesTestKit
import Testing

@testable import HermesCore

/// The question whether the threads that inflate still move.
@Suite(.timeLimit(.minutes(5))) struct InflatePoolTests {
    @Test func oneFreeThreadAnswersAndNoneDoesNot() async throws {
        try await onBlockingThread {
            let pool = try InflatePool(2)
            let state = Monitor((blocked: 0, isOpen: false, answers: 0))
            @Sendable func answer() {
                state.withLock {
                    $0.value.answers += 1
                    $0.broadcast()
                }
            }
            func block() {
                pool.soon {
                    state.withLock { held in
                        held.value.blocked += 1
                        held.broadcast()
                        while !held.value.isOpen { held.wait() }
                    }
                }
            }
            // The third thread is the one that takes no fill.
            for count in 1...2 {
                block()
                state.withLock { while $0.value.blocked < count { $0.wait() } }
                pool.soon(answer)
                state.withLock { while $0.value.answers < count { $0.wait() } }
            }
            block()
            state.withLock { while $0.value.blocked < 3 { $0.wait() } }
            pool.soon(answer)
            state.withLock { held in
                held.wait(milliseconds: 100)
                #expect(held.value.answers == 2)
                held.value.isOpen = true
                held.broadcast()
                while held.value.answers < 3 { held.wait() }
            }
            pool.stop()
            pool.soon(answer)
            #expect(state.withLock { $0.value.answers } == 4)
        }
    }
}
