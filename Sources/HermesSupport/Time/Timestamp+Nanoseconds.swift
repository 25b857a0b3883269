extension Timestamp {
    /// Makes a moment of nanoseconds since 1970-01-01T00:00:00Z.
    package init(nanosecondsSinceEpoch nanoseconds: Int64) {
        var (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest < 0 { (seconds, rest) = (seconds - 1, rest + 1_000_000_000) }
        self.init(seconds: seconds, nanoseconds: Int32(rest))
    }

    /// The nanoseconds since 1970-01-01T00:00:00Z; the nearest that fit for a moment before 1677 or after 2262.
    package var nanosecondsSinceEpoch: Int64 {
        // Towards zero first: the first moment that fits is less than a whole second after one that does not.
        let (whole, rest) =
            seconds < 0 ? (seconds + 1, Int64(nanoseconds) - 1_000_000_000) : (seconds, Int64(nanoseconds))
        let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(rest)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }
}
