/// How many range requests may be under way at once: one more for each that is served, half as many when the source is
/// overloaded (additive increase, multiplicative decrease). Pure.
struct FetchConcurrency {
    /// The number without any trouble.
    let most: Int
    /// From 1 to `most`.
    private(set) var size: Int
    /// Requests before this number were under way when the size was halved last: their failures tell nothing new.
    private var known = 0

    /// `most` is at least 1.
    init(most: Int) {
        self.most = max(most, 1)
        size = self.most
    }

    /// Whether there is room for one request alone.
    var isMinimal: Bool { size == 1 }

    /// A request was served.
    mutating func served() { size = min(size + 1, most) }

    /// The source was too busy for request `number`, or could not be reached; `begun` have begun so far.
    mutating func overloaded(_ number: Int, begun: Int) {
        guard number >= known else { return }
        known = begun
        size = max(size / 2, 1)
    }
}
