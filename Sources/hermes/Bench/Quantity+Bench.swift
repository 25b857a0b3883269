import HermesBenchReport

extension Quantity {
    /// "1.5 s": the unit that a person reads most easily.
    static func duration(seconds: Double) -> String { duration(milliseconds: seconds * 1000) }

    /// "+1.5 s", "-20 ms", and no sign of what is less than half a millisecond.
    static func change(seconds: Double) -> String {
        (seconds <= -0.0005 ? "-" : seconds >= 0.0005 ? "+" : "") + duration(seconds: abs(seconds))
    }

    /// "1.5 s ± 20 ms": the median and the spread of seconds; "-" for none, and no spread of one.
    static func spread(_ seconds: Distribution?) -> String {
        guard let seconds else { return "-" }
        let median = duration(seconds: seconds.median)
        return seconds.count > 1 ? "\(median) ± \(duration(seconds: seconds.deviation))" : median
    }

    /// A ratio to two places, or three below a tenth; "-" for none. Beyond a thousand one of the two was next to nothing.
    static func ratio(_ value: Double?) -> String {
        guard let value else { return "-" }
        return value > 1000 ? "> 1000" : decimal(value, value < 0.1 ? 3 : 2)
    }

    /// The median of a cost, in its unit; "-" for none.
    static func cost(_ cost: BenchCost, _ value: Distribution?) -> String {
        guard let median = value?.median else { return "-" }
        switch cost {
        case .networkBytes, .memoryBytes: return bytes(Int64(median))
        case .requests, .spans, .cacheHits: return decimal(median, 0)
        case .imageShare: return "\(decimal(100 * median, 1)) %"
        case .processorSeconds: return duration(seconds: median)
        }
    }
}
