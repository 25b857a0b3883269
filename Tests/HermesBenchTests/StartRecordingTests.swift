import HermesBenchReport
import Testing

@testable import HermesBench
@testable import HermesCore
@testable import HermesSupport

@Suite struct StartRecordingTests {
    private static func record() -> ReadRecord {
        func read(_ at: Double, _ path: String, _ seconds: Double?) -> ReadRecord.Read {
            .init(at: at, path: path, layer: 1, bytes: 10, seconds: seconds)
        }
        return ReadRecord(
            seconds: 9, layers: [], touched: [], untouchedFiles: [], untouchedFolders: [],
            reads: [
                read(0.5, "/before", nil), read(1.25, "/waited", 0.5), read(3, "/cached", nil), read(5, "/after", nil),
            ])
    }

    @Test func timesAreThoseOfTheStart() {
        let recording = StartRecording { Self.record() }
        recording.end()
        let reads = recording.reads(
            since: recording.begin.adding(milliseconds: 1000), until: recording.begin.adding(milliseconds: 4000))
        #expect(
            reads == [
                .init(at: 0.25, path: "/waited", bytes: 10, layer: 1, seconds: 0.5, isCached: false),
                .init(at: 2, path: "/cached", bytes: 10, layer: 1, seconds: nil, isCached: true),
            ])
    }

    @Test func aRecordingThatFailsHasNoReads() {
        let recording = StartRecording { throw HermesError(.unavailable, "it is gone") }
        #expect(recording.reads(since: recording.begin, until: .now()).isEmpty && recording.result == nil)
        recording.end()
        #expect(recording.reads(since: recording.begin, until: .now()).isEmpty)
        #expect(throws: HermesError.self) { try recording.result?.get() }
    }
}
