import HermesBenchReport
import HermesSupport

/// The phases of a start, one after the other: each begins where the last ended.
struct PhaseClock {
    let begin: Monotonic
    private(set) var phases: [BenchReport.Phase] = []
    private var last: Monotonic

    init(at begin: Monotonic = .now()) {
        self.begin = begin
        last = begin
    }

    /// Ends a phase. One that ended before the last did takes no time.
    mutating func end(_ name: BenchReport.Phase.Name, at now: Monotonic = .now()) {
        let end = max(now, last)
        phases.append(
            .init(
                name: name, start: last.milliseconds(since: begin) / 1000,
                seconds: end.milliseconds(since: last) / 1000))
        last = end
    }

    /// When the last phase ended.
    var end: Monotonic { last }

    /// Seconds since the begin.
    func seconds(at now: Monotonic = .now()) -> Double { now.milliseconds(since: begin) / 1000 }
}
