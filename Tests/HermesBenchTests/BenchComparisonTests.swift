import HermesBench
import HermesBenchReport
import HermesSupport
import HermesTestKit
import Testing

@Suite struct BenchComparisonTests {
    private static func fixture() throws -> BenchReport {
        try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
    }

    @Test func comparesEachMeasureThatBothHave() throws {
        let first = try Self.fixture()
        var second = first
        for index in second.sides[0].starts.indices {
            // The pulls take half as long.
            let pull = second.sides[0].starts[index].phases[1].seconds
            second.sides[0].starts[index].phases[1].seconds = pull / 2
            for later in 2..<7 { second.sides[0].starts[index].phases[later].start -= pull / 2 }
            second.sides[0].starts[index].firstByteSeconds = nil
        }
        try second.check()
        let comparison = BenchComparison(first, second)
        #expect(comparison.differences.isEmpty)
        #expect(comparison.sides.map(\.name) == ["overlayfs", "hermes"])
        let cold = comparison.sides[0].cold
        #expect(
            cold.map(\.measure) == [
                "resolve", "pull", "create", "start", "output", "ready", "request", "total", "until ready",
                "whole image",
            ])
        #expect(cold[1].medians.ratio == 0.5)
        #expect(cold[1].medians.difference == -21)
        #expect(cold[1].medians.verdict == .less)
        #expect(cold[0].medians.verdict == .undecided)
        #expect(cold[7].medians.difference == -21)
        #expect(comparison.sides[1].cold.allSatisfy { $0.medians.verdict == .undecided })
        #expect(comparison.sides[1].warm.contains { $0.measure == "total" && $0.medians.first.count == 5 })
    }

    @Test func saysWhichSidesOnlyOneHas() throws {
        let first = try Self.fixture()
        var second = first
        second.sides[0].name = "stargz"
        let comparison = BenchComparison(first, second)
        #expect(comparison.sides.map(\.name) == ["hermes"])
        #expect(comparison.onlyFirst == ["overlayfs"])
        #expect(comparison.onlySecond == ["stargz"])
    }

    private static let changes: [(String, @Sendable (inout BenchReport) -> Void)] = [
        ("manifest", { $0.workload.manifest = "sha256:00" }), ("command", { $0.workload.command = [] }),
        ("image", { ($0.workload.manifest, $0.workload.image) = (nil, "other") }),
        ("ready", { $0.workload.ready = nil }),
        ("request", { $0.workload.request = "POST" }), ("kernel", { $0.machine.kernel = "7.0" }),
        ("processors", { $0.machine.processors = 8 }), ("runtime", { $0.machine.runtime = "containerd 2.1" }),
        ("bytes of memory", { $0.machine.memoryBytes /= 2 }),
    ]

    @Test(arguments: changes)
    func saysWhatDiffers(_ name: String, _ change: @Sendable (inout BenchReport) -> Void) throws {
        let first = try Self.fixture()
        var second = first
        change(&second)
        let found = BenchComparison(first, second).differences
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("\(name): ") == true, "\(found)")
    }

    /// One manifest by two names, and a boot after which the kernel kept some pages more.
    @Test func theSameImageAndMachineCanBeCompared() throws {
        let first = try Self.fixture()
        var second = first
        second.workload.image = "mirror.test/app@sha256:00"
        second.machine.memoryBytes -= 1 << 20
        second.taken = "2027-01-01T00:00:00Z"
        second.tool.version = "9"
        #expect(BenchComparison(first, second).differences.isEmpty)
    }

    @Test func theJSONHasSecondsAndIntervals() throws {
        let report = try Self.fixture()
        let text = String(decoding: try JSON.encode(BenchComparison(report, report)), as: UTF8.self)
        #expect(text.contains("\"verdict\":\"undecided\""))
        #expect(text.contains("\"first\":{\"count\":5,\"deviation\":2,\"maximum\":48,\"median\":42,\"minimum\":40}"))
        #expect(text.contains("\"differenceInterval\":{"))
    }
}
