import HermesCore
import Testing

@testable import HermesDaemon
@testable import HermesSupport

/// The state machine of lazy images against every order of events, on a clock of its own.
@Suite struct ImagePhasesTests {
    /// The machine as the macros of tests can call it: they take no mutating call.
    private final class Machine {
        var phases = ImagePhases<String>()

        /// What an asker that began at `start` is told; it waits for 2,000 ms as a pull, for 30,000 ms as a container.
        func ask(_ image: Digest, from start: Int = 0, needed: Bool = false, at now: Int) -> String {
            let deadline = ImagePhasesTests.at(start + (needed ? 30_000 : 2_000))
            let answer = phases.ask(
                image, from: ImagePhasesTests.at(start), until: deadline, isNeeded: needed,
                now: ImagePhasesTests.at(now))
            return switch answer {
            case .shown(let shown): "shown \(shown)"
            case .aside: "aside"
            case .crowdedOut: "crowded out"
            case .prepare: "prepare"
            case .wait(let until): "wait \(Int(until.milliseconds(since: ImagePhasesTests.at(0))))"
            }
        }

        func ended(_ image: Digest, _ shown: String?, at now: Int) -> Bool {
            phases.ended(image, shown, now: ImagePhasesTests.at(now))
        }
        func beginFreeing(_ image: Digest) -> Bool { phases.beginFreeing(image) }
        func beginForgetting(_ image: Digest) -> Bool { phases.beginForgetting(image) }
        func endFreeing(_ image: Digest) { phases.endFreeing(image) }
        func pin(_ image: Digest) { phases.pin(image) }
        func unpin(_ image: Digest) -> Bool { phases.unpin(image) }
        func takeUnused(_ image: Digest) -> String? { phases.takeUnused(image) }
        func shown(_ image: Digest) -> String? { phases.shown(image) }
    }

    private let image = Digest.of([1])

    /// Milliseconds after some start.
    private static func at(_ milliseconds: Int) -> Monotonic {
        Monotonic(nanoseconds: 0).adding(milliseconds: milliseconds)
    }

    @Test func whoAsksWhileItsDiskIsFreedWaits() {
        let machine = Machine()
        machine.pin(image)
        // Somebody is about to use it.
        #expect(!machine.beginFreeing(image))
        #expect(machine.unpin(image))
        #expect(machine.beginFreeing(image))
        #expect(machine.ask(image, at: 10) == "wait 2000")
        #expect(machine.ask(image, at: 2000) == "aside")
        machine.endFreeing(image)
        #expect(machine.ask(image, from: 20, at: 20) == "prepare")
        #expect(!machine.beginFreeing(image))
    }

    @Test func whatWasPutAsideCanBeForgotten() {
        let machine = Machine()
        machine.pin(image)
        #expect(machine.ask(image, at: 0) == "prepare")
        #expect(!machine.beginForgetting(image))
        #expect(!machine.ended(image, nil, at: 10))
        #expect(machine.ask(image, at: 20) == "aside")
        // Somebody wants it.
        #expect(!machine.beginForgetting(image))
        #expect(machine.unpin(image))
        #expect(!machine.beginFreeing(image))
        #expect(machine.beginForgetting(image))
        machine.endFreeing(image)
        #expect(machine.ask(image, at: 30) == "prepare")
        #expect(machine.ended(image, "x", at: 40))
        #expect(!machine.beginForgetting(image))
    }

    @Test func itIsPreparedOnceAndShownToAll() {
        let machine = Machine()
        #expect(machine.ask(image, at: 0) == "prepare")
        #expect(machine.ask(image, at: 1) == "wait 2000")
        #expect(machine.ask(image, from: 500, at: 500) == "wait 2500")
        #expect(machine.ask(image, from: 500, needed: true, at: 500) == "wait 30500")
        #expect(machine.shown(image) == nil)
        #expect(machine.ended(image, "x", at: 1999))
        #expect(machine.shown(image) == "x")
        for needed in [false, true] { #expect(machine.ask(image, needed: needed, at: 90_000) == "shown x") }
    }

    @Test func aPullThatGaveUpKeepsTheImageAside() {
        let machine = Machine()
        #expect(machine.ask(image, at: 0) == "prepare")
        #expect(machine.ask(image, at: 2000) == "aside")
        // The next layer of that pull does not wait once more.
        #expect(machine.ask(image, from: 2100, at: 2100) == "aside")
        #expect(!machine.ended(image, "x", at: 5000))
        #expect(machine.shown(image) == nil)
        #expect(machine.ask(image, from: 64_999, at: 64_999) == "aside")
        #expect(machine.ask(image, from: 65_000, at: 65_000) == "prepare")
    }

    @Test(arguments: [false, true]) func aContainerThatWaitsIsShownTheImageAfterAll(waitsFirst: Bool) {
        let machine = Machine()
        #expect(machine.ask(image, at: 0) == "prepare")
        if waitsFirst { #expect(machine.ask(image, needed: true, at: 100) == "wait 30000") }
        #expect(machine.ask(image, at: 2000) == "aside")
        if !waitsFirst { #expect(machine.ask(image, from: 2000, needed: true, at: 2001) == "wait 32000") }
        #expect(machine.ended(image, "x", at: 9000))
        #expect(machine.ask(image, needed: true, at: 9000) == "shown x")
    }

    @Test func aContainerWaitsNoLongerThanItsTime() {
        let machine = Machine()
        #expect(machine.ask(image, needed: true, at: 0) == "prepare")
        #expect(machine.ask(image, needed: true, at: 29_999) == "wait 30000")
        #expect(machine.ask(image, needed: true, at: 30_000) == "aside")
        #expect(machine.ended(image, "x", at: 30_001))
    }

    @Test func aContainerTriesAnImageThatIsAsideOnce() {
        let machine = Machine()
        #expect(machine.ask(image, at: 0) == "prepare")
        #expect(!machine.ended(image, nil, at: 10))
        #expect(machine.ask(image, at: 11) == "aside")
        #expect(machine.ask(image, from: 20, needed: true, at: 20) == "prepare")
        #expect(!machine.ended(image, nil, at: 21))
        // That failed at once: asking again and again within 30 s would be a storm of requests.
        #expect(machine.ask(image, from: 20, needed: true, at: 21) == "aside")
        // The kubelet's next try is another one.
        #expect(machine.ask(image, from: 22, needed: true, at: 22) == "prepare")
    }

    @Test func preparationsAreBounded() {
        let machine = Machine()
        for number in 0..<ImagePhases<String>.atOnce {
            #expect(machine.ask(Digest.of([2, UInt8(number)]), at: 0) == "prepare")
        }
        #expect(machine.ask(image, at: 1) == "wait 2000")
        #expect(machine.ask(image, from: 1, needed: true, at: 1) == "wait 30001")
        // A pull that found no room in time is no reason for the container to give up.
        #expect(machine.ask(image, at: 2000) == "crowded out")
        #expect(machine.ask(image, from: 1, needed: true, at: 2000) == "wait 30001")
        #expect(machine.ask(image, from: 2500, at: 2500) == "aside")
        #expect(!machine.ended(Digest.of([2, 0]), nil, at: 2600))
        #expect(machine.ask(image, from: 1, needed: true, at: 2600) == "prepare")
        // The room is taken again.
        #expect(machine.ask(Digest.of([3]), from: 2600, at: 2600) == "wait 4600")
    }

    @Test func aPinKeepsAnImage() {
        let machine = Machine()
        machine.phases.restored(image, "x")
        machine.pin(image)
        machine.pin(image)
        #expect(machine.takeUnused(image) == nil)
        #expect(!machine.unpin(image))
        #expect(machine.takeUnused(image) == nil)
        #expect(machine.unpin(image))
        #expect(machine.takeUnused(image) == "x")
        #expect(machine.takeUnused(image) == nil)
        #expect(machine.shown(image) == nil)
        #expect(machine.ask(image, at: 0) == "prepare")
        // It is not shown, so there is nothing to take.
        #expect(machine.takeUnused(image) == nil)
        #expect(machine.ask(image, at: 1) == "wait 2000")
    }

    @Test func imagesOfLongAgoAreForgotten() {
        let machine = Machine()
        machine.phases.restored(image, "x")
        for second in 0..<10_000 {
            let other = Digest.of(Array("\(second)".utf8))
            #expect(machine.ask(other, from: second * 1000, at: second * 1000) == "prepare")
            #expect(!machine.ended(other, nil, at: second * 1000))
            if second % 1000 == 0 { #expect(machine.phases.phases.count <= 62) }
        }
        #expect(machine.shown(image) == "x")
    }
}
