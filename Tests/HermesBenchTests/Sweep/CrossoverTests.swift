import HermesBenchReport
import Testing

@Suite struct CrossoverTests {
    private static func crossover(_ points: [(Double, Double)]) -> Crossover {
        Crossover(name: "hermes", first: "overlayfs", points.map { .init(share: $0, difference: $1) })
    }

    /// SOCI's published figures: faster by 15 s at a half, slower by 10 s at the whole.
    @Test func itLiesOnTheLineBetweenTwoShares() throws {
        let found = Self.crossover([(0.25, -40), (0.5, -15), (1, 10)])
        #expect(found.verdict == .found)
        #expect(abs(try #require(found.share) - 0.8) < 1e-12)
    }

    @Test func equalTimesAreTheCrossover() {
        #expect(Self.crossover([(0.25, -40), (0.5, 0), (1, 10)]).share == 0.5)
    }

    @Test func theFirstOfSeveralCounts() throws {
        let found = Self.crossover([(0.1, -1), (0.2, 1), (0.5, -1), (1, 1)])
        #expect(abs(try #require(found.share) - 0.15) < 1e-12)
    }

    @Test func thereNeedNotBeOne() {
        let none = Self.crossover([(0.5, -1), (1, -0.5)])
        #expect(none.verdict == .none && none.share == nil)
        let never = Self.crossover([(0.5, 1), (1, -1), (1, 2)])
        #expect(never.verdict == .never && never.share == nil)
        #expect(Self.crossover([(0.5, 0)]).verdict == .never)
        #expect(Self.crossover([]).verdict == .unknown)
    }
}
