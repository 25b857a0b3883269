import Synchronization

/// What a scheduler has done since its start.
public final class FetchCounters: Sendable {
    /// Range requests sent.
    public let requests = Atomic<Int>(0)
    /// Compressed bytes that came from the source.
    public let fetchedBytes = Atomic<Int>(0)
    /// Spans checked, inflated and delivered.
    public let spans = Atomic<Int>(0)
    /// Reads that had to wait for a span.
    public let parkedReads = Atomic<Int>(0)
    /// Reads that failed in the end.
    public let failedReads = Atomic<Int>(0)
    /// Spans that were asked for again.
    public let retries = Atomic<Int>(0)
    /// Spans whose bytes were not what their digest or the index says.
    public let verificationFailures = Atomic<Int>(0)
    /// Spans that could not be written to the cache.
    public let cacheFailures = Atomic<Int>(0)
}
