import HermesSupport

/// Keeps fill away from a program that reads: pure.
///
/// A program that has read reads again soon, and its next request would share the line with those of fill. So fill begins
/// nothing until no reader has waited for a moment. A program that never rests would keep it away for ever: then one small
/// request may begin in each second.
struct FillTurns {
    /// Milliseconds without a reader that waits, after which a program counts as at rest.
    static let rest = 50
    /// Milliseconds after which fill begins a small request although a program reads.
    static let patience = 1000

    /// What fill may begin.
    enum Turn: Equatable {
        /// Nothing; it is to ask again at that time.
        case nothing(until: Monotonic)
        case smallRequest, request
    }

    /// When a small request is due; nil while no program reads.
    private var due: Monotonic?

    /// What fill may begin now. `lastRead` is when a reader waited last, nil if none ever did. A small request counts as begun.
    mutating func next(now: Monotonic, lastRead: Monotonic?) -> Turn {
        guard let quiet = lastRead?.adding(milliseconds: Self.rest), now < quiet else {
            due = nil
            return .request
        }
        let due = due ?? now.adding(milliseconds: Self.patience)
        guard now < due else {
            self.due = nil
            return .smallRequest
        }
        self.due = due
        return .nothing(until: min(quiet, due))
    }
}
