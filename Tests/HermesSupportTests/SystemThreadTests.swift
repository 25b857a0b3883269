import HermesSupport
import HermesTestKit
import Testing

@Suite struct SystemThreadTests {
    /// More bodies wait for each other than Swift has cooperative threads: were they run on those, none would go on.
    @Test func bodiesThatBlockDoNotStopTasks() async throws {
        let arrived = Monitor(0)
        let names = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await SystemThread.run("test-body") {
                        arrived.withLock { state in
                            state.value += 1
                            state.broadcast()
                            while state.value < 200 { state.wait() }
                        }
                        return try LocalFile.read("/proc/thread-self/comm", limit: 100).text
                    }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(names == ["test-body\n"])
    }

    @Test func errorsOfABodyAreThrown() async {
        let error = await #expect(throws: HermesError.self) {
            try await SystemThread.run("test-body") { throw HermesError(.corrupt, "x") }
        }
        #expect(error?.code == .corrupt)
    }
}
