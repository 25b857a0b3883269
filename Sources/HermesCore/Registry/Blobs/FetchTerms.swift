import HermesSupport

/// The terms on which a range is fetched.
///
/// A range that a process waits for is given up early where it stalls and asked elsewhere; one in the background is
/// patient, and leaves the lines to the others.
package struct FetchTerms: Sendable {
    /// The time at which the fetch fails in any case, because no reader waits any longer; nil when no reader waits now.
    package var deadline: Monotonic?
    /// Whether a fetch of this range failed before: connections that exist are then not trusted.
    package var isRetry: Bool

    /// Makes terms.
    package init(deadline: Monotonic?, isRetry: Bool = false) {
        self.deadline = deadline
        self.isRetry = isRetry
    }

    /// The terms of a fetch for which no reader waits, and which did not fail before.
    package static let background = FetchTerms(deadline: nil)
}
