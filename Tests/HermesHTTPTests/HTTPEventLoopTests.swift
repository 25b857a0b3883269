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

    /// What the assertions of a debug build ask. They cannot be seen to end a process here: swift-testing's exit tests never
    /// end beside children that nobody has waited for, as `TestProcess` leaves them.
    @Test func itKnowsItsOwnThread() async throws {
        let loop = try HTTPEventLoop(authorities: nil, proxies: ProxySettings { _ in nil })
        let isOwned = await withCheckedContinuation { continuation in
            loop.post(.perform { continuation.resume(returning: loop.owner.isOwned) })
        }
        #expect(isOwned)
        #expect(!loop.owner.isOwned)
        loop.close(waiting: false)
    }

    /// A transfer learns with its start whose it is.
    @Test func aTransferKnowsItsThread() async throws {
        let server = try HTTPTestServer()
        let isOwned: Bool = try await withCheckedThrowingContinuation { continuation in
            do {
                let collector = HTTPCollector(limit: 100) { _ in }
                let transfer = try HTTPTransfer(server.request("/sent/x"), metrics: HTTPMetrics(), handler: collector)
                #expect(transfer.owner == nil)
                let loop = try HTTPEventLoop(authorities: nil, proxies: ProxySettings { _ in nil })
                loop.post(.start(transfer))
                loop.post(
                    .perform {
                        continuation.resume(returning: transfer.owner?.isOwned == true)
                        loop.close(waiting: false)
                    })
            } catch {
                continuation.resume(throwing: error)
            }
        }
        #expect(isOwned)
        withExtendedLifetime(server) {}
    }
}
