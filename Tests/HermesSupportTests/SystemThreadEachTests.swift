import HermesSupport
import Synchronization
import Testing

/// Against the promise that each element is worked on once, or that the first error comes out.
@Suite struct SystemThreadEachTests {
    @Test(arguments: [0, 1, 2, 5, 100])
    func worksOnEachOnce(count: Int) throws {
        let seen = Mutex<[Int]>([])
        try SystemThread.each("test-each", Array(0..<count)) { index in seen.withLock { $0.append(index) } }
        #expect(seen.withLock { $0.sorted() } == Array(0..<count))
    }

    @Test func throwsWhenAllHaveEnded() {
        struct Failed: Error {}
        let running = Atomic<Int>(0)
        let begun = Atomic<Int>(0)
        #expect(throws: Failed.self) {
            try SystemThread.each("test-each", Array(0..<1000)) { index in
                running.add(1, ordering: .relaxed)
                begun.add(1, ordering: .relaxed)
                defer { running.subtract(1, ordering: .relaxed) }
                if index == 3 { throw Failed() }
            }
        }
        #expect(running.load(ordering: .relaxed) == 0)
        #expect(begun.load(ordering: .relaxed) >= 4)
    }
}
