import HermesBenchReport
import HermesCore
import HermesSupport

/// The reads of one start, which the daemon records that shows its image. To be used from one thread.
final class StartRecording {
    /// When it began.
    let begin: Monotonic
    private let finish: () throws -> ReadRecord
    /// What was recorded, or why it is not known; nil as long as it goes on.
    private(set) var result: Result<ReadRecord, any Error>?

    /// Begins, before the start does. `finish` ends a recording that just began.
    init(_ finish: @escaping () throws -> ReadRecord) {
        begin = .now()
        self.finish = finish
    }

    /// Ends it. To be called once at most; what is never ended ends with this object.
    func end() { result = Result { try finish() } }

    /// The reads that came from `start` to `end`, with the times since `start`, which is later than `begin`; none where they are not
    /// known.
    func reads(since start: Monotonic, until end: Monotonic) -> [BenchReport.Read] {
        guard case .success(let record) = result else { return [] }
        let shift = start.milliseconds(since: begin) / 1000
        let times = shift...shift + max(0, end.milliseconds(since: start) / 1000)
        return record.reads.filter { times.contains($0.at) }.map {
            BenchReport.Read(
                at: $0.at - shift, path: $0.path, bytes: $0.bytes, layer: $0.layer, seconds: $0.seconds,
                isCached: $0.seconds == nil)
        }
    }
}
