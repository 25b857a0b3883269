import HermesBenchReport
import Testing

@Suite struct SweepSummaryTests {
    /// A start of two phases that took `seconds` in all; nil for one that failed after a second.
    private static func start(_ seconds: Double?, _ bytes: Int64? = nil) -> BenchReport.Start {
        var start = BenchReport.Start(
            round: 1, isCold: true, phases: [.init(name: .resolve, start: 0, seconds: 1)])
        guard let seconds else {
            start.outcome = .failed
            return start
        }
        start.phases.append(.init(name: .ready, start: 1, seconds: seconds - 1))
        start.transfer = .init()
        start.transfer?.networkBytes = bytes
        return start
    }

    private static func share(_ share: Double, _ first: [Double?], _ second: [Double?]) -> Sweep.Share {
        .init(
            share: share, bytes: 100,
            sides: [
                .init(name: "overlayfs", starts: first.map { start($0, 1000) }),
                .init(name: "hermes", starts: second.map { start($0, 100) }),
            ])
    }

    @Test func startsThatFailedAreInNoFigure() throws {
        let summary = SweepSummary([
            Self.share(0.5, [10, nil, 12], [nil, 4, 7]), Self.share(1, [12, 12], [14, nil]),
        ])
        let (first, second) = (summary.rows[0].sides[0], summary.rows[0].sides[1])
        #expect(first.seconds == Distribution([10, 12]) && first.failed == 1 && first.ratio == nil)
        #expect(second.seconds == Distribution([4, 7]) && second.failed == 1 && second.ratio == 0.5)
        #expect(second.networkBytes == Distribution([100, 100]))
        let crossover = try #require(summary.crossovers.first)
        #expect(summary.crossovers.count == 1 && crossover.name == "hermes" && crossover.first == "overlayfs")
        // From 5.5 s faster to 2 s slower.
        #expect(abs(try #require(crossover.share) - (0.5 + 0.5 * 5.5 / 7.5)) < 1e-12)
    }

    /// The crossover lies between the shares that have times of both.
    @Test func aShareWithoutTimesIsLeftOut() throws {
        let summary = SweepSummary([
            Self.share(0.2, [10], [8]), Self.share(0.5, [nil], [9]), Self.share(1, [10], [12]),
        ])
        #expect(summary.rows[1].sides[0].seconds == nil && summary.rows[1].sides[1].ratio == nil)
        #expect(abs(try #require(summary.crossovers[0].share) - 0.6) < 1e-12)
        #expect(SweepSummary([Self.share(1, [nil], [8])]).crossovers[0].verdict == .unknown)
    }

    @Test func oneSideHasNoCrossover() {
        #expect(SweepSummary([.init(share: 1, bytes: 1, sides: [.init(name: "hermes")])]).crossovers.isEmpty)
        #expect(SweepSummary([]).rows.isEmpty)
    }
}
