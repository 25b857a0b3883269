import HermesTestKit
import Testing

@testable import HermesController
@testable import HermesSupport

/// Random orders of events against a model that only remembers what was said.
@Suite struct BuildQueueModelTests {
    /// What the queue has been told of a target, and what it has told.
    private struct Told {
        var wish: WantedImage?
        var isRunning = false
        var isStopped = false
        var lastEnd: (time: Monotonic, outcome: BuildQueue.Outcome)?
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func holdsItsPromisesInAnyOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let atOnce = Int.random(in: 1...3, using: &random)
        var queue = BuildQueue(atOnce: atOnce)
        var told: [BuildTarget: Told] = [:]
        var now = Monotonic(nanoseconds: 5)
        var arrival = 0
        let names = ["a", "b", "c", "d", "e@x", "f"]
        func chance(_ number: Int) -> Bool { Int.random(in: 0..<number, using: &random) == 0 }

        func want() {
            var wishes: [WantedImage] = []
            for name in names where !chance(4) {
                if chance(8) { arrival += 1 }
                wishes.append(
                    Samples.wanted(
                        name, awaited: chance(3), paused: chance(8),
                        generation: Int64.random(in: 1...3, using: &random),
                        arrival: arrival))
            }
            let stops = Set(queue.want(wishes, now: now))
            let byTarget = Dictionary(wishes.map { ($0.target, $0) }) { first, _ in first }
            for target in Set(told.keys).union(byTarget.keys) { told[target, default: Told()].wish = byTarget[target] }
            for (target, record) in told {
                let isUnwanted = record.wish?.isPaused ?? true
                #expect(stops.contains(target) == (record.isRunning && !record.isStopped && isUnwanted))
                if stops.contains(target) { told[target]?.isStopped = true }
            }
        }

        func next() {
            let running = told.values.count { $0.isRunning }
            #expect(queue.running == running)
            guard let wish = queue.next(now: now) else {
                if running < atOnce {
                    // Whatever was never tried begins at once.
                    #expect(!told.values.contains { $0.wish?.isPaused == false && !$0.isRunning && $0.lastEnd == nil })
                }
                return
            }
            let record = told[wish.target]
            #expect(running < atOnce)
            #expect(record?.wish == wish)
            #expect(!wish.isPaused)
            #expect(record?.isRunning == false)
            if let end = record?.lastEnd {
                let least = end.outcome == .stopped ? 0 : 10_000
                #expect(now >= end.time.adding(milliseconds: least))
                if end.outcome == .ready { #expect(!wish.isPinned) }
            }
            if !wish.isAwaited {
                // A target that was never tried and is awaited would have come first.
                #expect(
                    !told.values.contains {
                        $0.wish?.isAwaited == true && $0.wish?.isPaused == false && !$0.isRunning && $0.lastEnd == nil
                    })
            }
            told[wish.target]?.isRunning = true
            told[wish.target]?.isStopped = false
        }

        func end() {
            guard let target = told.filter({ $0.value.isRunning }).keys.sorted().randomElement(using: &random) else {
                return
            }
            let isStopped = told[target]?.isStopped ?? false
            let outcomes: [BuildQueue.Outcome] =
                [.ready, .failed(isLasting: true, message: "l"), .failed(isLasting: false, message: "t")]
                + (isStopped ? [.stopped] : [])
            let outcome = outcomes[Int.random(in: 0..<outcomes.count, using: &random)]
            queue.ended(target, outcome, random: Double.random(in: 0...1, using: &random), now: now)
            told[target]?.isRunning = false
            told[target]?.lastEnd = (now, outcome)
            // What nobody wants is forgotten, unless it failed.
            if told[target]?.wish == nil, outcome == .ready || outcome == .stopped { told[target]?.lastEnd = nil }
        }

        for _ in 0..<2000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: want()
            case 1..<4: next()
            case 4, 5: end()
            default: now = now.adding(milliseconds: [1, 1000, 30_000, 900_000][Int.random(in: 0..<4, using: &random)])
            }
            for (target, record) in told where record.wish == nil && !record.isRunning {
                #expect(queue.state(of: target) == nil)
                if record.lastEnd?.outcome == .ready { told[target]?.lastEnd = nil }
            }
        }

        // When all goes well from now on, everything is built, and then nothing but tags is left to do.
        _ = queue.want(names.map { Samples.wanted($0, arrival: arrival) }, now: now)
        var steps = 0
        while names.contains(where: { queue.state(of: Samples.wanted($0).target) != .ready }), steps < 1000 {
            steps += 1
            while queue.next(now: now) != nil {}
            for name in names { queue.ended(Samples.wanted(name).target, .ready, random: 1, now: now) }
            if let wake = queue.wakeTime { now = max(now, wake) }
        }
        #expect(names.allSatisfy { queue.state(of: Samples.wanted($0).target) == .ready })
        #expect(queue.running == 0)
    }
}
