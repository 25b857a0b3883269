/// Some measurements of one thing, in order.
///
/// The measurements are finite. The spread is the median absolute deviation (MAD): one number in the unit of the measurements,
/// which stands beside the median and which one odd start among five does not move. The interquartile range of so few values
/// depends on such a start.
package struct Distribution: Sendable, Equatable {
    /// The measurements in rising order; at least one.
    package let sorted: [Double]

    /// Nil for no measurements.
    package init?(_ values: some Sequence<Double>) {
        sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
    }

    package var count: Int { sorted.count }
    package var minimum: Double { quantile(0) }
    package var median: Double { quantile(0.5) }
    package var maximum: Double { quantile(1) }

    /// The median of the measurements' distances from their median.
    package var deviation: Double {
        let median = median
        return Distribution(sorted.map { abs($0 - median) })?.median ?? 0
    }

    /// The value below which the share `share`, from 0 to 1, of the measurements lies.
    ///
    /// It lies on the straight line between the two measurements around the place (count - 1) * share (definition 7 of Hyndman
    /// and Fan, "Sample Quantiles in Statistical Packages", 1996), as in R and NumPy. So it is never outside of them.
    package func quantile(_ share: Double) -> Double {
        let place = Double(sorted.count - 1) * min(max(share, 0), 1)
        let index = min(Int(place), sorted.count - 1)
        let fraction = place - Double(index)
        guard fraction > 0, index + 1 < sorted.count, sorted[index] != sorted[index + 1] else { return sorted[index] }
        // Not the lower one and a part of the difference, which is infinite for the largest numbers.
        return sorted[index] * (1 - fraction) + sorted[index + 1] * fraction
    }
}

extension Distribution: Encodable {
    private enum CodingKeys: CodingKey { case count, median, deviation, minimum, maximum }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(median, forKey: .median)
        try container.encode(deviation, forKey: .deviation)
        try container.encode(minimum, forKey: .minimum)
        try container.encode(maximum, forKey: .maximum)
    }
}
