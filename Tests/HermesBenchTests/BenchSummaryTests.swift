import HermesBench
import HermesBenchReport
import HermesTestKit
import Testing

@Suite struct BenchSummaryTests {
    private static func fixture() throws -> BenchReport {
        try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
    }

    @Test func countsStartsByOutcome() throws {
        let sides = BenchSummary(try Self.fixture()).sides
        #expect(sides.map(\.name) == ["overlayfs", "hermes"])
        #expect([sides[0].cold.counted, sides[0].cold.failed, sides[0].cold.timedOut] == [5, 0, 0])
        #expect([sides[1].cold.counted, sides[1].cold.failed, sides[1].cold.timedOut] == [3, 1, 1])
        #expect([sides[1].warm.counted, sides[1].warm.failed, sides[1].warm.timedOut] == [5, 0, 0])
    }

    @Test func hasTheFiguresOfCompleteStarts() throws {
        let sides = BenchSummary(try Self.fixture()).sides
        #expect(sides[0].cold.times[.phase(.pull)]?.median == 42)
        #expect(sides[0].cold.times[.phase(.pull)]?.deviation == 2)
        #expect(sides[0].cold.times[.total]?.median == 46.5)
        #expect(sides[0].cold.times[.wholeImage]?.median == 42.5)
        #expect(sides[0].cold.times[.phase(.schedule)] == nil)
        #expect(sides[0].cold.times[.firstToken] == nil)
        #expect(sides[1].cold.times[.phase(.pull)]?.sorted == [1, 1.5, 2])
        #expect(sides[1].cold.times[.total]?.median == 13)
        #expect(sides[1].cold.times[.untilReady]?.median == 12)
        #expect(sides[1].cold.costs[.networkBytes]?.median == 142_606_336)
        #expect(sides[0].cold.costs[.spans] == nil)
        #expect(sides[1].warm.times[.total]?.median == 4.6)
        #expect(sides[1].cold.ratio(to: sides[0].cold) == 13 / 46.5)
        #expect(sides[0].cold.ratio(to: sides[0].cold) == 1)
    }

    /// Over the cold and the warm starts: ten times 0.1, 0.2 and 0.3 of overlayfs.
    @Test func requestsAreThoseOfAllStarts() throws {
        let sides = BenchSummary(try Self.fixture()).sides
        #expect(sides[0].requests?.count == 30)
        #expect(sides[0].requests?.quantile(0.95) == 0.3)
        #expect(sides[1].requests?.count == 24)
        #expect(sides[1].requests?.median == 0.2)
        #expect(sides[1].requests?.quantile(0.99) == 0.35)
    }

    /// Whatever a start that failed holds counts in no figure.
    @Test func failedStartsCountInNoFigure() throws {
        var report = try Self.fixture()
        let before = BenchSummary(report)
        for index in report.sides[1].starts.indices where !report.sides[1].starts[index].isComplete {
            report.sides[1].starts[index].phases = [.init(name: .resolve, start: 0, seconds: 1000)]
            report.sides[1].starts[index].warmSeconds = [1000]
            report.sides[1].starts[index].transfer = .init()
            report.sides[1].starts[index].transfer?.networkBytes = 1
            report.sides[1].starts[index].firstByteSeconds = 1000
        }
        #expect(BenchSummary(report) == before)
    }

    @Test func sidesWithoutCompleteStartsHaveNoFigures() throws {
        var report = try Self.fixture()
        report.sides.append(.init(name: "empty"))
        let empty = try #require(BenchSummary(report).sides.last)
        #expect(empty.cold.isEmpty)
        #expect(empty.cold.times.isEmpty)
        #expect(empty.requests == nil)
        #expect(empty.cold.ratio(to: BenchSummary(report).sides[0].cold) == nil)
    }

    @Test func thousandsOfStartsGiveRightNumbers() throws {
        let starts = (1...10_000).map { round in
            BenchReport.Start(
                round: round, isCold: true, phases: [.init(name: .pull, start: 0, seconds: Double(round))])
        }
        var report = try Self.fixture()
        report.sides = [.init(name: "many", starts: starts.reversed())]
        try report.check()
        let times = BenchSummary(report).sides[0].cold.times
        #expect(times[.total]?.median == 5000.5)
        #expect(times[.total]?.maximum == 10_000)
    }
}
