import Testing

@testable import HermesDaemon
@testable import HermesSupport

@Suite struct ControllerCircuitTests {
    /// The circuit, with times in milliseconds.
    private final class Timed {
        private var circuit = ControllerCircuit()

        func enter(_ now: Int) -> ControllerCircuit.Pass? { circuit.enter(now: Self.at(now)) }
        func failed(_ pass: ControllerCircuit.Pass, _ now: Int) { circuit.failed(pass, now: Self.at(now)) }
        func succeeded(_ pass: ControllerCircuit.Pass) { circuit.succeeded(pass) }
        func abandoned(_ pass: ControllerCircuit.Pass) { circuit.abandoned(pass) }

        private static func at(_ milliseconds: Int) -> Monotonic { Monotonic(nanoseconds: milliseconds * 1_000_000) }
    }

    @Test func aHealthyControllerIsAskedByAllAtOnce() throws {
        let circuit = Timed()
        let first = try #require(circuit.enter(0))
        let second = try #require(circuit.enter(0))
        circuit.succeeded(second)
        circuit.abandoned(first)
        #expect(circuit.enter(1) != nil)
    }

    @Test func aFailureOpensItForFiveSeconds() throws {
        let circuit = Timed()
        circuit.failed(try #require(circuit.enter(0)), 1000)
        #expect(circuit.enter(1000) == nil)
        #expect(circuit.enter(5999) == nil)
        let probe = try #require(circuit.enter(6000))
        // One probe at a time.
        #expect(circuit.enter(6000) == nil)
        #expect(circuit.enter(100_000) == nil)
        circuit.succeeded(probe)
        #expect(circuit.enter(6001) != nil)
        #expect(circuit.enter(6001) != nil)
    }

    @Test func thePauseDoublesUpToAMinuteAndStartsAnew() throws {
        let circuit = Timed()
        var now = 0
        circuit.failed(try #require(circuit.enter(now)), now)
        for pause in [5, 10, 20, 40, 60, 60] {
            #expect(circuit.enter(now + pause * 1000 - 1) == nil)
            now += pause * 1000
            circuit.failed(try #require(circuit.enter(now)), now)
        }
        now += 60_000
        circuit.succeeded(try #require(circuit.enter(now)))
        circuit.failed(try #require(circuit.enter(now)), now)
        #expect(circuit.enter(now + 5000) != nil)
    }

    /// Ten calls that fail together are one failure.
    @Test func callsFromBeforeAFailureHaveNoSay() throws {
        let circuit = Timed()
        let passes = try (0..<10).map { _ in try #require(circuit.enter(0)) }
        for pass in passes[..<8] { circuit.failed(pass, 0) }
        circuit.succeeded(passes[8])
        #expect(circuit.enter(4999) == nil)
        let probe = try #require(circuit.enter(5000))
        circuit.failed(passes[9], 5000)
        circuit.abandoned(passes[9])
        #expect(circuit.enter(5001) == nil)
        circuit.succeeded(probe)
        #expect(circuit.enter(5002) != nil)
    }

    @Test func anAbandonedProbeMakesRoomForTheNext() throws {
        let circuit = Timed()
        circuit.failed(try #require(circuit.enter(0)), 0)
        circuit.abandoned(try #require(circuit.enter(5000)))
        let next = try #require(circuit.enter(5000))
        circuit.failed(next, 5000)
        #expect(circuit.enter(14_999) == nil)
        #expect(circuit.enter(15_000) != nil)
    }
}
