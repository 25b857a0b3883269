import HermesSupport

/// On what terms a range is fetched.
///
/// A range that a process waits for is given up early where it stalls and asked elsewhere; one in the background is
/// patient, and leaves the lines to the others.
package struct FetchTerms: Sendable {
    /// When the fetch fails, come what may, because nobody waits for it any longer; nil when nobody waits now.
    package var deadline: Monotonic?
    /// Whether a fetch of this range failed before: connections that exist are then not trusted.
    package var isRetry: Bool

    /// Makes terms.
    package init(deadline: Monotonic?, isRetry: Bool = false) {
        self.deadline = deadline
        self.isRetry = isRetry
    }

    /// Nobody waits, and nothing went wrong before.
    package static let background = FetchTerms(deadline: nil)
}
