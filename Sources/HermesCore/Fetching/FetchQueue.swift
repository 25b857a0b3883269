import DequeModule
import HermesSupport

/// Decides which spans are fetched next: a pure state machine, without clock, lock or I/O.
///
/// Every span that is wanted and absent is in one of these phases:
/// ```
///            want              next                  finished
///   (absent) ----> queued ----> fetching ----------> (present)
///                   ^  ^ |         | failed              ^
///                   |  | |         +----> (given up)     |
///                   |  | |         v                     |
///                   |  +-|------ backoff                 |
///                   |    v next                          | settled
///                   +- deferred -------------------------+
/// ```
/// A span that another image fetches, for a layer that both have, is deferred until that one has it, or for 2 seconds: then this
/// image fetches the span too, for the other's registry may be slow, or somebody else's.
///
/// One flight per span, however many ask. `next` hands out batches: runs of neighbouring queued spans of one layer that
/// become one range request. Urgency decides the order, and a demand raises the urgency of a span that only read-ahead
/// had asked for. Fill has no queue: it walks the layers from their start and takes the spans that are absent.
struct FetchQueue {
    /// The reason why a span is fetched, least urgent first.
    enum Urgency: Int, Comparable, CaseIterable, Sendable {
        case fill, ahead, demand
        static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
    }

    /// Neighbouring spans of one layer, to be fetched with one range request.
    struct Batch: Equatable {
        let layer: Int
        let spans: Range<Int>
        let urgency: Urgency
        /// Compressed bytes.
        let size: Int64
        /// Whether some span of the batch failed before.
        let isRetry: Bool
        /// Batches are numbered in the order in which they begin, from 0.
        let number: Int
    }

    /// How a batch's request ended, for those that follow.
    enum Outcome {
        case served
        /// The source was too busy, or could not be reached, so fewer requests may run in parallel.
        case overloaded
        /// The outcome says nothing about the source.
        case other
    }

    /// Why a span did not come.
    struct Failure {
        /// Whether another try can hardly help: the bytes do not have their digest, or a registry refuses.
        let isLasting: Bool
        /// The milliseconds in which the source does not want to be asked.
        var retryAfter: Int64?
    }

    /// How a failed span goes on.
    enum Verdict: Equatable {
        case retry
        case giveUp
    }

    /// The limits of the work that is under way in parallel.
    struct Limits {
        /// Range requests that a reader waits for.
        var demandRequests = 12
        /// Range requests of read-ahead.
        var aheadRequests = 3
        /// Range requests of fill.
        var fillRequests = 2
        /// Compressed bytes of one request that a reader waits for, or read-ahead.
        var demandBatch: Int64 = 8 << 20
        /// Compressed bytes of one fill request.
        var fillBatch: Int64 = 16 << 20
        /// The same while a program reads, or all images together have much under way.
        var smallFillBatch: Int64 = 4 << 20
        /// Compressed bytes under way, or waiting to be inflated, beyond which neither read-ahead nor fill starts anything.
        var outstanding: Int64 = 32 << 20
        /// How long a span is left to another image, in milliseconds.
        var deferral = 2000
    }

    private enum Phase: Equatable {
        case queued, fetching
        case backoff(until: Monotonic)
        case deferred(until: Monotonic)
    }

    private struct Flight {
        var urgency: Urgency
        var phase: Phase
        var backoff = FetchBackoff()
        /// Whether it has waited for another image once.
        var wasDeferred = false

        /// When it is queued again without any other event.
        var pause: Monotonic? {
            switch phase {
            case .backoff(let until), .deferred(let until): until
            case .queued, .fetching: nil
            }
        }
    }

    /// Whether this image is to fetch a span, because no other does so as urgently.
    typealias Claim = (SpanID, Urgency) -> Bool

    private struct Layer {
        let geometry: any SpanGeometry
        /// Where fill goes on; nil when fill was not asked for or has reached the end.
        var fillFrom: Int?
    }

    let limits: Limits
    private var layers: [Layer] = []
    private var flights: [SpanID: Flight] = [:]
    /// First in, first out; may name spans that have moved on, which `next` skips.
    private var demands: Deque<SpanID> = []
    private var aheads: Deque<SpanID> = []
    /// Spans of fill that failed and are due again.
    private var refills: Deque<SpanID> = []
    private var active: [Urgency: Int] = [:]
    private var isFilling = false
    private var fillTurns = FillTurns()
    /// When fill, which gave way to readers in the last call of `next`, is to be tried again; nil if it did not.
    private(set) var fillWake: Monotonic?
    /// Whether only spans that a reader waits for are fetched, because the cache could not keep the others.
    private(set) var isHeld = false
    private var begun = 0
    private var concurrency: FetchConcurrency
    /// The compressed bytes of the spans that are being fetched, until they are finished or have failed.
    private(set) var outstanding: Int64 = 0

    init(limits: Limits = Limits()) {
        self.limits = limits
        concurrency = FetchConcurrency(most: limits.demandRequests + limits.aheadRequests + limits.fillRequests)
    }

    /// Adds a layer and returns its number.
    mutating func add(_ geometry: any SpanGeometry) -> Int {
        layers.append(Layer(geometry: geometry, fillFrom: nil))
        return layers.count - 1
    }

    /// Asks for a span that is absent. `deadline` is that of the reader that waits for the span, if one does: a pause
    /// that was meant for the background does not outlast it. Returns whether the span is on its way already, and less urgently so
    /// far.
    @discardableResult
    mutating func want(_ key: SpanID, _ urgency: Urgency, deadline: Monotonic? = nil) -> Bool {
        var flight = flights[key] ?? Flight(urgency: urgency, phase: .queued)
        let isNew = flights[key] == nil
        guard isNew || flight.urgency < urgency else { return false }
        flight.urgency = urgency
        if case .backoff(let until) = flight.phase, let deadline {
            flight.phase = .backoff(until: FetchBackoff.shortened(until, for: deadline))
        }
        // What another image does with less urgency is not waited for.
        if case .deferred = flight.phase {
            flight.phase = .queued
            flight.wasDeferred = false
        }
        flights[key] = flight
        guard flight.phase == .queued else { return flight.phase == .fetching }
        enqueue(key, urgency)
        return false
    }

    /// How urgent a span is that is wanted or on its way; nil where it is neither.
    func urgency(of key: SpanID) -> Urgency? { flights[key]?.urgency }

    private mutating func enqueue(_ key: SpanID, _ urgency: Urgency) {
        switch urgency {
        case .demand: demands.append(key)
        case .ahead: aheads.append(key)
        case .fill: refills.append(key)
        }
    }

    /// Whether a span is wanted or on its way.
    func isWanted(_ key: SpanID) -> Bool { flights[key] != nil }

    /// Starts to complete every layer in the background.
    mutating func fill() {
        isFilling = true
        for index in layers.indices { layers[index].fillFrom = 0 }
    }

    /// Holds read-ahead and fill back, or lets them go on.
    mutating func hold(_ isHeld: Bool) { self.isHeld = isHeld }

    /// A span that came is not in the cache, or not any more: fill comes back to it.
    mutating func notKept(_ key: SpanID) {
        guard isFilling else { return }
        layers[key.layer].fillFrom = min(layers[key.layer].fillFrom ?? key.span, key.span)
    }

    /// Whether fill has asked for all it can and nothing is under way.
    var isFilled: Bool { flights.isEmpty && layers.allSatisfy { $0.fillFrom == nil } }

    /// Whether fill has something left to ask for.
    private var hasFill: Bool { !refills.isEmpty || layers.contains { $0.fillFrom != nil } }

    /// The next batch to fetch now, if the limits allow one. `lastRead` is when a reader of the image waited last; `crowding` comes
    /// from what all images have under way. What `claim` refuses is deferred; see `settled`.
    mutating func next(
        now: Monotonic, lastRead: Monotonic? = nil, crowding: FetchCrowding = .none, claim: Claim = { _, _ in true }
    ) -> Batch? {
        wake(now)
        fillWake = nil
        guard crowding < .full || active[.demand, default: 0] == 0 else { return nil }
        // A reader does not wait for requests in the background.
        if active[.demand, default: 0] < min(limits.demandRequests, concurrency.size),
            let batch = pop(\.demands, .demand, now, claim)
        {
            return batch
        }
        guard outstanding < limits.outstanding, !isHeld, crowding < .full, active.values.reduce(0, +) < concurrency.size
        else {
            return nil
        }
        // Nor does a reader share the line with many requests of read-ahead.
        let aheadLimit = active[.demand, default: 0] > 0 ? min(1, limits.aheadRequests) : limits.aheadRequests
        if active[.ahead, default: 0] < aheadLimit, let batch = pop(\.aheads, .ahead, now, claim) {
            return batch
        }
        // Fill gives way: none of its requests starts while a reader waits, nor just after.
        guard hasFill, active[.demand, default: 0] == 0, active[.fill, default: 0] < limits.fillRequests,
            crowding < .half || outstanding == 0
        else { return nil }
        var most = crowding < .half ? limits.fillBatch : limits.smallFillBatch
        switch fillTurns.next(now: now, lastRead: lastRead) {
        case .nothing(let until):
            fillWake = until
            return nil
        case .smallRequest: most = limits.smallFillBatch
        case .request: break
        }
        if let batch = pop(\.refills, .fill, now, claim) { return batch }
        // While the source is down, only failed spans are tried again: walking on would fail every span of the image.
        guard !concurrency.isMinimal || !isRefilling else { return nil }
        return nextFill(now, claim, most: most)
    }

    /// Whether a span of fill has failed and is to be tried again.
    private var isRefilling: Bool {
        flights.values.contains { flight in
            if case .backoff = flight.phase { flight.urgency == .fill } else { false }
        }
    }

    /// When `next` is worth calling again without any other event.
    var nextWake: Monotonic? {
        var soonest: Monotonic?
        for flight in flights.values {
            if let until = flight.pause { soonest = min(soonest ?? until, until) }
        }
        return soonest
    }

    /// A batch's request has ended, whatever became of its spans.
    mutating func ended(_ batch: Batch, _ outcome: Outcome) {
        active[batch.urgency, default: 0] -= 1
        switch outcome {
        case .served: concurrency.served()
        case .overloaded: concurrency.overloaded(batch.number, begun: begun)
        case .other: break
        }
    }

    /// The span is present now.
    mutating func finished(_ key: SpanID) {
        guard let flight = flights.removeValue(forKey: key) else { return }
        landed(key, flight)
    }

    /// Another image does not fetch the span any more, which is present or is fetched here now. Returns whether the span was
    /// waited for and is present.
    mutating func settled(_ key: SpanID, isPresent: Bool) -> Bool {
        guard let flight = flights[key], case .deferred = flight.phase else { return false }
        guard !isPresent else {
            flights[key] = nil
            return true
        }
        flights[key]?.phase = .queued
        enqueue(key, flight.urgency)
        return false
    }

    private mutating func landed(_ key: SpanID, _ flight: Flight) {
        guard flight.phase == .fetching else { return }
        outstanding -= Int64(layers[key.layer].geometry.compressedRange(key.span).count)
    }

    /// The span did not come. `deadline` is the latest of the readers that still wait for it, nil when none does; `random`
    /// is from 0 to 1.
    mutating func failed(
        _ key: SpanID, _ failure: Failure, deadline: Monotonic?, random: Double, now: Monotonic
    ) -> Verdict {
        guard var flight = flights[key] else { return .giveUp }
        landed(key, flight)
        let time = flight.backoff.failed(
            failure, isFill: flight.urgency == .fill, deadline: deadline, random: random, now: now)
        guard let time else {
            flights[key] = nil
            return .giveUp
        }
        flight.phase = .backoff(until: time)
        flights[key] = flight
        return .retry
    }

    private mutating func wake(_ now: Monotonic) {
        guard let soonest = nextWake, soonest <= now else { return }
        for (key, flight) in flights {
            guard let until = flight.pause, until <= now else { continue }
            flights[key]?.phase = .queued
            enqueue(key, flight.urgency)
        }
    }

    /// Claims a queued span, or defers it; once only.
    private mutating func mayFetch(_ key: SpanID, _ urgency: Urgency, _ now: Monotonic, _ claim: Claim) -> Bool {
        if flights[key]?.wasDeferred == true || claim(key, urgency) { return true }
        flights[key]?.phase = .deferred(until: now.adding(milliseconds: limits.deferral))
        flights[key]?.wasDeferred = true
        return false
    }

    /// Takes the first live span of a queue and the queued neighbours behind it.
    private mutating func pop(
        _ queue: WritableKeyPath<FetchQueue, Deque<SpanID>>, _ urgency: Urgency, _ now: Monotonic, _ claim: Claim
    ) -> Batch? {
        while let key = self[keyPath: queue].popFirst() {
            guard let flight = flights[key], flight.phase == .queued, flight.urgency == urgency else {
                continue
            }
            let geometry = layers[key.layer].geometry
            let start = geometry.compressedRange(key.span).lowerBound
            var end = key.span
            while end < geometry.count {
                let isQueued = flights[SpanID(layer: key.layer, span: end)]?.phase == .queued
                let size = geometry.compressedRange(end).upperBound - start
                guard isQueued, end == key.span || size <= limits.demandBatch,
                    mayFetch(SpanID(layer: key.layer, span: end), urgency, now, claim)
                else { break }
                end += 1
            }
            guard end > key.span else { continue }
            return begin(key.layer, key.span..<end, urgency)
        }
        return nil
    }

    /// `most` is in compressed bytes.
    private mutating func nextFill(_ now: Monotonic, _ claim: Claim, most: Int64) -> Batch? {
        for layer in layers.indices {
            guard var first = layers[layer].fillFrom else { continue }
            let geometry = layers[layer].geometry
            /// Begins the flight of a span that is absent and has none.
            func takes(_ span: Int) -> Bool {
                let key = SpanID(layer: layer, span: span)
                guard !geometry.isPresent(span), flights[key] == nil else { return false }
                flights[key] = Flight(urgency: .fill, phase: .queued)
                return mayFetch(key, .fill, now, claim)
            }
            while first < geometry.count, !takes(first) { first += 1 }
            guard first < geometry.count else {
                layers[layer].fillFrom = nil
                continue
            }
            let start = geometry.compressedRange(first).lowerBound
            var end = first + 1
            while end < geometry.count, geometry.compressedRange(end).upperBound - start <= most,
                takes(end)
            {
                end += 1
            }
            layers[layer].fillFrom = end
            return begin(layer, first..<end, .fill)
        }
        return nil
    }

    private mutating func begin(
        _ layer: Int, _ spans: Range<Int>, _ urgency: Urgency
    ) -> Batch {
        let geometry = layers[layer].geometry
        let size =
            geometry.compressedRange(spans.upperBound - 1).upperBound
            - geometry.compressedRange(spans.lowerBound).lowerBound
        var isRetry = false
        for span in spans {
            let key = SpanID(layer: layer, span: span)
            flights[key]?.phase = .fetching
            isRetry = isRetry || flights[key]?.backoff.hasFailed == true
            outstanding += Int64(geometry.compressedRange(span).count)
        }
        active[urgency, default: 0] += 1
        defer { begun += 1 }
        return Batch(layer: layer, spans: spans, urgency: urgency, size: size, isRetry: isRetry, number: begun)
    }
}
