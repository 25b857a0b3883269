/// How often one kind of line may be written to a log: a pure state machine.
///
/// A burst passes. Lines beyond it within a period are not written; the next line that passes gives their number.
package struct LogLimit {
    /// Lines that pass in a period.
    package static let burst = 5
    /// Milliseconds.
    package static let period = 10_000.0

    private var start: Monotonic?
    private var passed = 0
    private var held = 0

    package init() {}

    /// Whether a line may be written now: the number of lines that were held back before it, or nil to hold it back.
    package mutating func pass(now: Monotonic) -> Int? {
        if start.map({ now.milliseconds(since: $0) >= Self.period }) ?? true {
            start = now
            passed = 0
        }
        guard passed < Self.burst else {
            held += 1
            return nil
        }
        passed += 1
        defer { held = 0 }
        return held
    }
}
