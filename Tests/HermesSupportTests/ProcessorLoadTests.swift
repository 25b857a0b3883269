import Glibc
import Synchronization
import Testing

@testable import HermesSupport

@Suite struct ProcessorLoadTests {
    private func runnable(_ text: String) -> Int? {
        Array(text.utf8).withUnsafeBytes { ProcessorLoad.runnable(in: $0) }
    }

    @Test func readsTheKernelsLine() {
        #expect(runnable("0.09 1.29 3.12 1/164 12345\n") == 1)
        #expect(runnable("120.00 1.29 3.12 257/16400 4194303\n") == 257)
    }

    @Test(arguments: ["", "\n", "0.09 1.29 3.12", "0.09 1.29 3.12 x/164 1", "0.09 1.29 3.12 /164 1"])
    func knowsNothingFromOtherText(text: String) {
        #expect(runnable(text) == nil)
    }

    /// More threads than the machine has processors, none of which ever waits for anything but one.
    @Test func countsThreadsThatWaitForAProcessor() async throws {
        // On a thread of its own from begin to end: this one could wait for long while the others are busy.
        let (runnable, count) = try await SystemThread.run("test-ask") {
            let load = ProcessorLoad()
            let count = load.processors + 2
            let begun = Atomic(0)
            let isOver = Atomic(false)
            let threads = try (0..<count).map { _ in
                try SystemThread("test-busy") {
                    begun.add(1, ordering: .relaxed)
                    while !isOver.load(ordering: .relaxed) {}
                }
            }
            while begun.load(ordering: .relaxed) < count { sched_yield() }
            let runnable = load.runnable()
            isOver.store(true, ordering: .relaxed)
            for thread in threads { thread.join() }
            return (runnable, count)
        }
        #expect(try #require(runnable) > count)
    }
}
