import Glibc
import HermesSupport
import HermesTestKit
import Testing

/// The policies are those that the kernel knows (sched(7)); where it lets nobody come back from SCHED_IDLE, none may yield.
@Suite struct YieldingThreadTests {
    private static let idle: Int32 = 5

    /// The policy of a thread that yields: SCHED_IDLE where the kernel lets it come back.
    private static func yielding() async throws -> Int32 {
        try await SystemThread.run("test-yield") {
            var parameters = sched_param(sched_priority: 0)
            sched_setscheduler(0, idle, &parameters)
            return sched_setscheduler(0, SCHED_OTHER, &parameters) == 0 ? idle : SCHED_OTHER
        }
    }

    /// The policy of a thread after `body`.
    private func policy(_ body: @escaping @Sendable (YieldingThread) -> Void) async throws -> Int32 {
        try await SystemThread.run("test-yield") {
            body(YieldingThread())
            return sched_getscheduler(0)
        }
    }

    @Test func yieldsAndComesBack() async throws {
        let yielding = try await Self.yielding()
        #expect(try await policy { $0.yield() } == yielding)
        #expect(
            try await policy { thread in
                thread.yield()
                thread.resume()
            } == SCHED_OTHER)
    }

    @Test func whoIsUrgedDoesNotYieldBeforeOtherWork() async throws {
        let yielding = try await Self.yielding()
        #expect(
            try await policy { thread in
                thread.begin()
                thread.urge()
                thread.yield()
            } == SCHED_OTHER)
        #expect(
            try await policy { thread in
                thread.urge()
                thread.begin()
                thread.yield()
                thread.resume()
                thread.yield()
            } == yielding)
    }

    @Test func anotherThreadUrges() async throws {
        let shared = Monitor<YieldingThread?>(nil)
        let urged = Monitor(false)
        let policy = Task {
            try await SystemThread.run("test-yield") {
                let thread = YieldingThread()
                thread.begin()
                thread.yield()
                shared.withLock {
                    $0.value = thread
                    $0.broadcast()
                }
                urged.withLock { while !$0.value { $0.wait() } }
                return sched_getscheduler(0)
            }
        }
        try await SystemThread.run("test-urge") {
            shared.withLock { held in
                while held.value == nil { held.wait() }
                held.value?.urge()
            }
            urged.withLock {
                $0.value = true
                $0.broadcast()
            }
        }
        #expect(try await policy.value == SCHED_OTHER)
    }

    /// What is never to run as others do may yield whoever runs it.
    @Test func yieldsForEver() async throws {
        let policy = try await SystemThread.run("test-yield") {
            YieldingThread(isForever: true).yield()
            return sched_getscheduler(0)
        }
        #expect(policy == Self.idle)
    }
}
