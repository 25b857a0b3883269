/// The share of an image's bytes at which loading it lazily stops to pay: a side takes as long as the first one.
package struct Crossover: Encodable, Sendable, Equatable {
    package enum Verdict: String, Encodable, Sendable {
        /// The side is faster below `share`.
        case found
        /// The side is faster at each share that was measured.
        case none
        /// The side is not faster at the smallest share either.
        case never
        /// No share has times of both.
        case unknown
    }

    /// A share, and by how many seconds the side's median is above that of the first.
    package struct Point: Sendable {
        package var share: Double
        package var difference: Double

        package init(share: Double, difference: Double) {
            self.share = share
            self.difference = difference
        }
    }

    package let name: String
    /// With what the side is compared.
    package let first: String
    package let verdict: Verdict
    /// From 0 to 1; nil where none was found.
    package let share: Double?

    /// Looks between the `points`, in rising order of their shares, for the first pair of which the lower one is faster and the higher one
    /// is not. The crossover lies on the straight line between these two: further on, noise can make a slow side look fast again.
    package init(name: String, first: String, _ points: [Point]) {
        self.name = name
        self.first = first
        guard let slow = points.firstIndex(where: { $0.difference >= 0 }) else {
            (verdict, share) = (points.isEmpty ? .unknown : .none, nil)
            return
        }
        guard slow > 0 else {
            (verdict, share) = (.never, nil)
            return
        }
        let (below, above) = (points[slow - 1], points[slow])
        let place = -below.difference / (above.difference - below.difference)
        (verdict, share) = (.found, below.share + place * (above.share - below.share))
    }
}
