import HermesSupport

/// Which spans readers touch first in an image whose spans were all absent, in their order: pure.
///
/// A program's start reads the same files each time. The spans that one start has touched are fetched ahead for the
/// next start of the same image (REAP, ASPLOS '21, does so with the memory of virtual machines).
struct StartupTrace {
    /// Milliseconds from the first touch after which touches do not count as the start's any more.
    static let length = 60_000.0
    /// The most spans that are remembered.
    static let limit = 4096

    private(set) var spans: [SpanID] = []
    private var known: Set<SpanID> = []
    private var start: Monotonic?

    /// A reader has come to a span.
    mutating func touched(_ span: SpanID, now: Monotonic) {
        if start == nil { start = now }
        guard !isOver(now: now), known.insert(span).inserted else { return }
        spans.append(span)
    }

    /// Whether nothing more will be remembered.
    func isOver(now: Monotonic) -> Bool {
        guard let start else { return false }
        return spans.count >= Self.limit || now.milliseconds(since: start) > Self.length
    }
}
