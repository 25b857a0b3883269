import HermesSupport
import Synchronization

/// Why a span is asked for again.
enum RetryReason: String, MetricLabel {
    /// The span's bytes were not those that the index describes.
    case verification
    /// The registry could not be reached, was busy or broke off.
    case unavailable
    /// The registry answered against its protocol.
    case `protocol`
    /// The registry does not have it or does not give it.
    case refused
    case other

    static let labelName = "reason"

    init(_ error: HermesError) {
        switch error.code {
        case .corrupt: self = .verification
        case .unavailable: self = .unavailable
        case .protocolViolation: self = .protocol
        case .notFound, .denied: self = .refused
        default: self = .other
        }
    }
}

extension FetchQueue.Urgency: MetricLabel {
    static let labelName = "urgency"
    var labelValue: String {
        switch self {
        case .demand: "demand"
        case .ahead: "ahead"
        case .fill: "fill"
        }
    }
}

/// The counters of a scheduler since its start.
///
/// Safe for use from any thread; counting takes no lock.
package final class FetchCounters: Sendable {
    /// The counters of one layer.
    final class Layer: Sendable {
        /// Compressed bytes that came from the source.
        let fetchedBytes = Atomic<Int>(0)
        /// Range requests that failed and spans whose bytes were wrong.
        let errors = Atomic<Int>(0)
    }

    /// Range requests sent.
    let requests = CounterSet<FetchQueue.Urgency>()
    /// Compressed bytes that came from the source.
    let fetchedBytes = CounterSet<FetchQueue.Urgency>()
    /// Spans that were asked for again.
    let retries = CounterSet<RetryReason>()
    /// From a range request's start to its end.
    let fetchDuration = Histogram()
    /// From a range request's start to the first byte of its answer.
    let firstByte = Histogram()
    /// From a read's parking to its answer.
    let parkedDuration = Histogram()
    /// The image's layers, from the bottom.
    let layers: [Layer]
    /// Spans checked, inflated and delivered.
    package let spans = Atomic<Int>(0)
    /// Reads that had to wait for a span.
    package let parkedReads = Atomic<Int>(0)
    /// Reads that failed in the end.
    package let failedReads = Atomic<Int>(0)
    /// Spans whose bytes were not those that their digest or the index describes.
    package let verificationFailures = Atomic<Int>(0)
    /// Complete layers that were not what the image and the index say, or could not be compared with them.
    let layerFailures = Atomic<Int>(0)
    /// Spans that could not be written to the cache.
    package let cacheFailures = Atomic<Int>(0)

    init(layerCount: Int) { layers = (0..<layerCount).map { _ in Layer() } }

    /// Range requests sent.
    package var requestCount: Int { requests.total }
    /// Compressed bytes that came from the source.
    package var fetchedByteCount: Int64 { Int64(fetchedBytes.total) }
}

/// Counts one range request and takes its time.
///
/// Used by one thread at a time: a source delivers in order and completes after the last byte.
final class FetchMeasure: @unchecked Sendable {
    private let counters: FetchCounters
    private let layer: FetchCounters.Layer
    private let urgency: FetchQueue.Urgency
    private let start = Monotonic.now()
    private var hasBegun = false

    /// The request is about to be sent. `layer` is an index into the image's layers.
    init(_ counters: FetchCounters, layer: Int, _ urgency: FetchQueue.Urgency) {
        self.counters = counters
        self.layer = counters.layers[layer]
        self.urgency = urgency
        counters.requests.add(for: urgency)
    }

    /// Bytes have come.
    func received(_ count: Int) {
        if !hasBegun { counters.firstByte.observe(from: start) }
        hasBegun = true
        counters.fetchedBytes.add(count, for: urgency)
        layer.fetchedBytes.wrappingAdd(count, ordering: .relaxed)
    }

    /// The request is over.
    func ended(_ result: Result<Void, HermesError>) {
        counters.fetchDuration.observe(from: start)
        if case .failure = result { layer.errors.wrappingAdd(1, ordering: .relaxed) }
    }
}
