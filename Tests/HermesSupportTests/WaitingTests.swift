import HermesSupport
import HermesTestKit
import Synchronization
import Testing

/// Waiting for asynchronous work until a point in time.
@Suite struct WaitingTests {
    private struct Failure: Error {}

    @Test func itGivesTheResultOrTheError() async throws {
        try await onBlockingThread { () throws in
            let later = Monotonic.now().adding(milliseconds: 600_000)
            #expect(try waiting(until: later) { 7 } == 7)
            #expect(throws: Failure.self) { try waiting(until: later) { throw Failure() } }
        }
    }

    @Test(arguments: [-1000, 0, 50]) func workThatIsLateIsCancelled(milliseconds: Int) async throws {
        let isCancelled = Monitor(false)
        let error = await #expect(throws: HermesError.self) {
            try await onBlockingThread {
                try waiting(until: .now().adding(milliseconds: milliseconds)) {
                    do {
                        try await Task.sleep(for: .seconds(3600))
                    } catch {
                        isCancelled.withLock {
                            $0.value = true
                            $0.broadcast()
                        }
                        throw error
                    }
                }
            }
        }
        #expect(error?.code == .unavailable)
        try await onBlockingThread {
            isCancelled.withLock { held in
                while !held.value { held.wait() }
            }
        }
    }
}
