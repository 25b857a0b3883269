/// On what terms a range is fetched.
///
/// A range that a process waits for is given up early where it stalls and asked elsewhere; one in the background is
/// patient, and leaves the lines to the others.
public struct FetchTerms: Sendable {
    /// When the fetch fails, come what may, because nobody waits for it any longer; nil when nobody waits now.
    public var deadline: Monotonic?
    /// Whether a fetch of this range failed before: connections that exist are then not trusted.
    public var isRetry: Bool

    /// Makes terms.
    public init(deadline: Monotonic?, isRetry: Bool = false) {
        self.deadline = deadline
        self.isRetry = isRetry
    }

    /// Nobody waits, and nothing went wrong before.
    public static let background = FetchTerms(deadline: nil)
}
