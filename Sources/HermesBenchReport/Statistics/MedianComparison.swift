/// How far apart the medians of two distributions are, and how sure that is.
package struct MedianComparison: Sendable, Equatable, Encodable {
    package struct Interval: Sendable, Equatable, Encodable {
        package let low: Double
        package let high: Double
    }

    package enum Verdict: String, Sendable, Encodable {
        /// The whole interval lies on one side of no difference.
        case less, more
        /// The interval contains no difference.
        case undecided
        /// A side has fewer than three measurements, so there is no interval.
        case tooFew = "too-few"
    }

    /// The fewest measurements of a side from which an interval is made: samples of one or two say next to nothing.
    package static let fewest = 3
    private static let samples = 2000
    private static let seed: UInt64 = 0x4845_524d_4553

    package let first: Distribution
    package let second: Distribution
    /// The second median less the first.
    package let difference: Double
    /// The second median by the first; nil where the first is 0.
    package let ratio: Double?
    /// The 95 % intervals; nil with too few measurements. That of the ratio is also nil where a sample's first median was 0.
    package let differenceInterval: Interval?
    package let ratioInterval: Interval?
    package let verdict: Verdict

    /// Compares by the percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13): many
    /// times it draws as many measurements from each side as the side has, with replacement, and compares the medians. The seed
    /// is fixed, so that the same measurements give the same intervals.
    package init(_ first: Distribution, _ second: Distribution) {
        self.first = first
        self.second = second
        difference = second.median - first.median
        ratio = first.median == 0 ? nil : second.median / first.median
        guard first.count >= Self.fewest, second.count >= Self.fewest else {
            (differenceInterval, ratioInterval, verdict) = (nil, nil, .tooFew)
            return
        }
        var generator = SplitMix64(seed: Self.seed)
        var differences: [Double] = []
        var ratios: [Double] = []
        for _ in 0..<Self.samples {
            let one = first.sampledMedian(&generator)
            let other = second.sampledMedian(&generator)
            differences.append(other - one)
            if one != 0 { ratios.append(other / one) }
        }
        let interval = Self.interval(differences)
        differenceInterval = interval
        ratioInterval = ratios.count == Self.samples ? Self.interval(ratios) : nil
        verdict = interval.map { $0.low > 0 ? .more : $0.high < 0 ? .less : .undecided } ?? .tooFew
    }

    private static func interval(_ values: [Double]) -> Interval? {
        Distribution(values).map { Interval(low: $0.quantile(0.025), high: $0.quantile(0.975)) }
    }
}

extension Distribution {
    /// The median of as many measurements as there are, drawn with replacement.
    fileprivate func sampledMedian(_ generator: inout SplitMix64) -> Double {
        // How often each was drawn, in their order: no sample has to be sorted.
        var draws = [Int](repeating: 0, count: count)
        for _ in 0..<count { draws[generator.next(below: count)] += 1 }
        let lower = (count - 1) / 2
        let upper = count / 2
        var seen = 0
        var low: Double?
        for (index, number) in draws.enumerated() {
            seen += number
            if low == nil, seen > lower { low = sorted[index] }
            if let low, seen > upper { return low * 0.5 + sorted[index] * 0.5 }
        }
        return median
    }
}
