import HermesBenchReport

extension Quantity {
    /// "1.5 s", "20 ms", and below 10 ms two digits: "8.6 ms", "0.62 ms". Nothing but 0 is "0 ms".
    static func duration(seconds: Double) -> String {
        guard seconds > 0, seconds < 0.00995 else { return duration(milliseconds: seconds * 1000) }
        return seconds < 0.000_005 ? "< 0.01 ms" : "\(decimal(seconds * 1000, seconds < 0.000_995 ? 2 : 1)) ms"
    }

    /// "+1.5 s", "-20 ms", and no sign of what is less than a hundredth of a millisecond.
    static func change(seconds: Double) -> String {
        guard abs(seconds) >= 0.000_005 else { return duration(seconds: 0) }
        return (seconds < 0 ? "-" : "+") + duration(seconds: abs(seconds))
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
