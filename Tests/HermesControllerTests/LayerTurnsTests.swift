import Glibc
import HermesSupport
import Synchronization
import Testing

@testable import HermesController
@testable import HermesCore

/// Against the promise that a layer is read once, and that few are read at a time.
@Suite struct LayerTurnsTests {
    private static func layer(_ number: Int) -> Digest { Digest.of(Array("layer \(number)".utf8)) }

    @Test func onlyOneBuildReadsALayerAndFewReadAtATime() throws {
        let turns = LayerTurns(limit: 3)
        let made = Mutex<[Digest: Int]>([:])
        let reading = Atomic<Int>(0)
        let most = Atomic<Int>(0)
        var threads: [SystemThread] = []
        for thread in 0..<16 {
            threads.append(
                try SystemThread("test-turns") {
                    for step in 0..<8 {
                        let layer = Self.layer((thread + step) % 8)
                        let number = try? turns.take(
                            layer, check: {}, find: { made.withLock { $0[layer] } },
                            make: {
                                let now = reading.add(1, ordering: .relaxed).newValue
                                most.max(now, ordering: .relaxed)
                                // Others come meanwhile.
                                sched_yield()
                                reading.subtract(1, ordering: .relaxed)
                                return made.withLock {
                                    $0[layer, default: 0] += 1
                                    return 0
                                }
                            })
                        #expect(number != nil)
                    }
                })
        }
        for thread in threads { thread.join() }
        #expect(made.withLock { $0.count } == 8)
        #expect(made.withLock { $0.values.allSatisfy { $0 == 1 } })
        #expect((1...3).contains(most.load(ordering: .relaxed)))
    }

    @Test func aBuildThatEndsStopsWaitingForAnother() throws {
        struct Ended: Error {}
        let turns = LayerTurns(limit: 1)
        let inside = Monitor(false)
        let over = Monitor(false)
        let holder = try SystemThread("test-turns") {
            try? turns.take(
                Self.layer(1), check: {}, find: { nil },
                make: {
                    inside.withLock { held in
                        held.value = true
                        held.broadcast()
                    }
                    over.withLock { held in while !held.value { held.wait() } }
                })
        }
        inside.withLock { held in while !held.value { held.wait() } }
        // One waits for the layer itself, the other for its turn to read.
        for layer in [1, 2] {
            #expect(throws: Ended.self) {
                try turns.take(Self.layer(layer), check: { throw Ended() }, find: { nil }, make: {})
            }
        }
        over.withLock { held in
            held.value = true
            held.broadcast()
        }
        holder.join()
        try turns.take(Self.layer(2), check: { throw Ended() }, find: { nil }, make: {})
    }

    @Test func aFailureLetsTheNextTry() throws {
        struct Failed: Error {}
        let turns = LayerTurns(limit: 1)
        #expect(throws: Failed.self) {
            try turns.take(Self.layer(1), check: {}, find: { nil }, make: { throw Failed() })
        }
        #expect(throws: Failed.self) {
            try turns.take(Self.layer(1), check: {}, find: { throw Failed() }, make: {})
        }
        #expect(try turns.take(Self.layer(1), check: {}, find: { nil }, make: { 7 }) == 7)
    }
}
