import HermesSupport
import HermesTestKit
import Testing

@testable import HermesHTTP

@Suite struct HTTPEventLoopTests {
    @Test func itsThreadHasAName() async throws {
        let client = try HTTPClient()
        let name: String = try await withCheckedThrowingContinuation { continuation in
            do {
                try client.perform {
                    // proc(5): the folder of the thread that looks.
                    continuation.resume(
                        with: Result { try LocalFile.read("/proc/thread-self/comm", limit: 100).text })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(name == "hermes-http\n")
    }

    /// What waits for a loop that has run to its end must not find half of it.
    @Test func aLoopThatIsClosedHasEnded() async throws {
        for _ in 0..<50 {
            let ran = try await onBlockingThread {
                let client = try HTTPClient()
                let ran = Monitor(0)
                for _ in 0..<10 { try client.perform { ran.withLock { $0.value += 1 } } }
                client.close()
                return ran.withLock { $0.value }
            }
            #expect(ran == 10)
        }
    }

    #if DEBUG
        @Test func aTimerFromAnotherThreadIsNoticed() async {
            let result = await #expect(processExitsWith: .failure) {
                let client = try HTTPClient()
                // The loop has its thread once it runs something.
                let runs = Monitor(false)
                try client.perform {
                    runs.withLock { state in
                        state.value = true
                        state.broadcast()
                    }
                }
                runs.withLock { state in while !state.value { state.wait() } }
                _ = client.schedule(at: .now()) {}
            }
            #expect(result?.exitStatus.isSignal == true)
        }
    #endif
}
