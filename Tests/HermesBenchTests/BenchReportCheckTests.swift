import HermesBench
import HermesBenchReport
import HermesSupport
import HermesTestKit
import Testing

@Suite struct BenchReportCheckTests {
    private static func report(_ change: (inout BenchReport) -> Void = { _ in }) throws -> BenchReport {
        var report = try BenchReport.read(BenchReportFixture.bytes(), name: "the fixture")
        change(&report)
        return report
    }

    /// The error of a report with a change; nil for none.
    private static func fault(_ change: (inout BenchReport) -> Void) throws -> HermesError? {
        let changed = try report(change)
        do {
            try changed.check()
            return nil
        } catch let error as HermesError { return error }
    }

    @Test func theFixtureIsValid() throws { #expect(try Self.report().sides.map(\.name) == ["overlayfs", "hermes"]) }

    @Test(
        arguments: [
            { $0.taken = "yesterday" }, { $0.machine.processors = -1 }, { $0.machine.memoryBytes = .max },
            { $0.workload.imageBytes = -1 }, { $0.sides = [] }, { $0.sides[1].name = "overlayfs" },
            { $0.sides[0].name = "" },
            { $0.sides[0].name = "a\u{1b}[2J" }, { $0.sides[0].name = String(repeating: "a", count: 101) },
            { report in report.sides = (0..<17).map { .init(name: "\($0)") } },
            { $0.sides[0].starts = Array(repeating: $0.sides[0].starts[0], count: 10_001) },
            { $0.sides[0].starts[0].phases = [] }, { $0.sides[0].starts[0].phases[1].seconds = -1 },
            { $0.sides[0].starts[0].phases[1].seconds = 1e300 }, { $0.sides[0].starts[0].phases[1].seconds = .nan },
            { $0.sides[0].starts[0].phases[1].seconds = .infinity },
            { $0.sides[0].starts[0].phases[1].name = .resolve },
            { $0.sides[0].starts[0].phases[1].start = 7 }, { $0.sides[0].starts[0].phases[0].start = -0.001 },
            { $0.sides[0].starts[0].phases.remove(at: 2) }, { $0.sides[0].starts[0].phases.swapAt(0, 1) },
            { $0.sides[0].starts[0].round = -1 }, { $0.sides[0].starts[0].firstByteSeconds = -1 },
            { $0.sides[0].starts[0].firstTokenSeconds = .nan }, { $0.sides[0].starts[0].completeSeconds = 1e9 },
            { $0.sides[0].starts[0].warmSeconds = [-1] }, { $0.sides[0].starts[0].transfer?.networkBytes = .min },
            { $0.sides[0].starts[0].transfer?.requests = -1 }, { $0.sides[0].starts[0].transfer?.spans = -1 },
            { $0.sides[0].starts[0].transfer?.cacheHits = -1 }, { $0.sides[0].starts[0].transfer?.imageShare = 1.5 },
            { $0.sides[0].starts[0].transfer?.processorSeconds = -1 },
            { $0.sides[0].starts[0].transfer?.memoryBytes = -1 },
            { $0.sides[1].starts[0].reads[0].at = -1 }, { $0.sides[1].starts[0].reads[0].seconds = .nan },
            { $0.sides[1].starts[0].reads[0].bytes = .max }, { $0.sides[1].starts[0].reads[0].layer = -1 },
        ] as [@Sendable (inout BenchReport) -> Void])
    func refuses(_ change: @Sendable (inout BenchReport) -> Void) throws {
        let error = try #require(try Self.fault(change))
        #expect(error.code == .corrupt)
        #expect(!error.description.contains("\u{1b}"))
    }

    /// What a bench may write: failed starts without phases, rounded times, sides without starts.
    @Test func acceptsWhatIsMissing() throws {
        let error = try Self.fault { report in
            report.sides[1].starts[2].phases = []
            report.sides[0].starts[0].phases[3].start += 0.001
            report.sides.append(.init(name: "empty"))
            report.workload.manifest = nil
            report.workload.imageBytes = nil
        }
        #expect(error == nil, "\(String(describing: error))")
    }

    @Test func anotherFormatIsUnsupportedWhateverItsFields() throws {
        #expect(try Self.fault { $0.format = 2 }?.code == .unsupported)
        for text in ["{\"format\": 2}", "{\"format\": 0, \"sides\": 7}"] {
            let error = #expect(throws: HermesError.self) { try BenchReport.read(Array(text.utf8), name: "a.json") }
            #expect(error?.code == .unsupported)
        }
    }

    @Test func namesTheFileTheSideAndTheStart() throws {
        let bytes = try JSON.encode(try Self.report { $0.sides[1].starts[1].phases[0].seconds = -2 })
        let error = #expect(throws: HermesError.self) { try BenchReport.read(bytes, name: "a.json") }
        #expect(
            error?.description == "a.json is not a valid report: start 2 of hermes: the duration of resolve is -2.0 s, "
                + "not 0 to 86400 s")
    }

    /// Each of many damaged reports is read with right numbers or refused with one of Hermes's errors.
    @Test func noDamageTraps() throws {
        let whole = try BenchReportFixture.bytes()
        let pieces = ["-", "9", "e9", "99999999999999999999", "null", "\"", "{", "]", ",", "true"].map {
            Array($0.utf8)
        }
        var read = 0
        var state: UInt64 = 1
        for round in 0..<400 {
            var bytes = whole
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let place = Int(state >> 33) % bytes.count
            bytes.replaceSubrange(place..<min(bytes.count, place + 1), with: pieces[round % pieces.count])
            do {
                let report = try BenchReport.read(bytes, name: "damaged")
                read += 1
                #expect(BenchSummary(report).sides.count == 2)
                #expect(report.metrics.map(\.text).allSatisfy { !$0.contains("NaN") })
            } catch let error as HermesError {
                #expect([.corrupt, .unsupported].contains(error.code))
            }
        }
        // Damage to texts and digits leaves some of them valid.
        #expect(read > 10)
    }
}
