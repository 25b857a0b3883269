import DequeModule
import HermesSupport
import Logging
import Synchronization

/// Brings the spans of an image's layers into their caches, and to the readers that wait for them.
///
/// `FetchQueue` decides, this class acts: it starts range requests, cuts their bytes into spans, lets the process's threads
/// check and inflate them (`FetchThreads`, `SpanScheduler+Inflate.swift`), and answers the reads that were parked. No thread
/// of a caller ever waits for the network.
///
/// Safe for use from any thread; completions are called on one of those threads or of the source's and must not block.
package final class SpanScheduler: Sendable {
    struct State {
        var queue: FetchQueue
        var readAhead: [ReadAhead] = []
        var waiters: [SpanID: [ParkedRead]] = [:]
        /// Every parked read in order of its deadline, done ones among them until they come to the front.
        var parked: Deque<ParkedRead> = []
        /// How many of them are not done.
        var waiting = 0
        /// When the last read began to wait, or was answered.
        var lastRead: Monotonic?
        /// Spans that readers waited for until their deadlines, and when that was.
        var missed: [SpanID: Monotonic] = [:]
        var fillDone: [@Sendable () -> Void] = []
        /// The range requests under way, by their batch's number.
        var running: [Int: RunningFetch] = [:]
        /// The spans that this image may have claimed.
        var claimed: Set<SpanID> = []
        var isStopped = false
        /// What the clock's thread is to do as soon as it can.
        var errands: [@Sendable () -> Void] = []
        /// The bytes under way that the process's budget knows of.
        var budgeted: Int64 = 0
        /// The spans that readers touch during the image's start; nil at other times.
        var startup: StartupTrace?
    }

    let source: any ImageSource
    /// The image that its threads' work is marked with; nil for no mark.
    let image: Digest?
    let layers: [LazyLayer]
    let state: Mutex<State>
    let threads: FetchThreads
    /// Whether spans can be kept.
    let room = Mutex(CacheRoom())
    let log: SpanLog
    /// The counters of the work so far.
    package let counters: FetchCounters
    /// How long a read waits for its bytes before it fails with EIO, in milliseconds: the one limit on all possible
    /// delays, such as names that do not resolve, logins, redirects, tries and pauses that registries ask for.
    package static let readDeadline = 60_000
    let readDeadline: Int
    /// How many reads of an image may wait at one time. One more fails at once: an image whose registry is gone must leave the
    /// kernel's connection to the others. A thousand readers with the kernel's read-ahead stay below.
    static let waitingLimit = 4096

    /// Makes a scheduler for an image's layers, which may be other images' as well. `threads` work for it until `stop`.
    /// `readDeadline` is in milliseconds.
    init(
        source: any ImageSource, image: Digest? = nil, layers: [LazyLayer], threads: FetchThreads, log: Logger,
        readDeadline: Int = SpanScheduler.readDeadline, limits: FetchQueue.Limits = FetchQueue.Limits()
    ) {
        self.image = image
        self.readDeadline = readDeadline
        self.threads = threads
        self.source = source
        self.layers = layers
        self.log = SpanLog(log, image: source.name, layers: layers.map(\.descriptor.digest))
        counters = FetchCounters(layerCount: layers.count)
        var state = State(queue: FetchQueue(limits: limits))
        if layers.allSatisfy({ $0.store.presentCount == 0 }) { state.startup = StartupTrace() }
        for layer in layers {
            _ = state.queue.add(layer)
            // About 32 MiB of uncompressed bytes ahead of a sequential reader.
            let size = max(1, layer.spans.uncompressedSize / Int64(layer.count))
            state.readAhead.append(ReadAhead(limit: max(1, Int((32 << 20) / size))))
        }
        self.state = Mutex(state)
        threads.add(self)
    }

    /// Fails every parked read, cancels the requests under way, and returns when no thread works for the scheduler any more.
    /// Reads after it fail at once.
    package func stop() {
        let (parked, fetches, claimed) = state.withLock { state in
            state.isStopped = true
            state.waiters = [:]
            let fetches = state.running.values.compactMap(\.fetch)
            state.running = [:]
            let open = state.parked.filter { !$0.isDone }
            for read in open { read.isDone = true }
            state.parked = []
            state.waiting = 0
            defer { state.claimed = [] }
            return (open, fetches, state.claimed)
        }
        settleBudget()
        release(claimed)
        for fetch in fetches { fetch.cancel() }
        for read in parked { read.finish(HermesError(.interrupted, "the mount is ending")) }
        threads.remove(self)
    }

    /// Reads a range of an uncompressed layer, of which some span is absent; the bytes are valid during `completion`.
    ///
    /// `layer` is an index into the image's layers, `range` lies inside that layer and is not empty. `completion` is
    /// called exactly once, with the right bytes or with the error that kept them away.
    func read(
        layer index: Int, range: Range<Int64>, completion: @escaping ParkedRead.Completion
    ) {
        let layer = layers[index]
        let now = Monotonic.now()
        let deadline = now.adding(milliseconds: readDeadline)
        let read = ParkedRead(layer: index, range: range, start: now, deadline: deadline, completion: completion)
        let first = layer.spans.span(at: range.lowerBound)
        let last = layer.spans.span(at: range.upperBound - 1)
        let hopeless = state.withLock { state -> HermesError? in
            guard state.waiting < Self.waitingLimit else { return tooMany }
            return (first...last).contains { state.wasJustMissed(SpanID(layer: index, span: $0), now: now) }
                ? tooLate : nil
        }
        if let hopeless {
            counters.failedReads.add(1, ordering: .relaxed)
            return read.finish(hopeless)
        }
        var isFirst = false
        typealias Found = (here: [Int]?, urged: [RangeFetchHandle], hurried: [SpanID])
        let (here, urged, hurried) = state.withLock { state -> Found in
            guard !state.isStopped else { return (nil, [], []) }
            var here: [Int] = []
            var urged: [RangeFetchHandle] = []
            var hurried: [SpanID] = []
            for span in first...last {
                state.startup?.touched(SpanID(layer: index, span: span), now: now)
                if layer.isPresent(span) {
                    here.append(span)
                    continue
                }
                let key = SpanID(layer: index, span: span)
                read.missing += 1
                state.waiters[key, default: []].append(read)
                if state.queue.want(key, .demand, deadline: deadline) { hurried.append(key) }
                if let fetch = state.urge(key, until: deadline) { urged.append(fetch) }
                lookAhead(&state, layer: index, span: span)
            }
            // One more, for the spans that are here and are read below.
            read.missing += 1
            isFirst = state.parked.isEmpty
            state.parked.append(read)
            state.waiting += 1
            state.lastRead = now
            return (here, urged, hurried)
        }
        // Later reads have later deadlines, which the clock sees by itself.
        if isFirst { threads.clock.wake(self) }
        for fetch in urged { fetch.urge(until: deadline) }
        threads.pool.hurry(hurried, of: self)
        guard let here else { return read.finish(HermesError(.interrupted, "the mount is ending")) }
        counters.parkedReads.add(1, ordering: .relaxed)
        pump()
        do {
            for span in here { try copyCached(layer, span, to: read) }
            deliver([read])
        } catch {
            fail([read], unreadable(layer, error))
        }
    }

    /// The error of a read for which the cache of a layer could not be read.
    func unreadable(_ layer: LazyLayer, _ error: any Error) -> HermesError {
        HermesError(.io, "cannot read the cache of layer \(layer.descriptor.digest)", cause: error)
    }

    /// Goes on with read-ahead, because a reader has come to a cached span that read-ahead brought.
    func touched(layer: Int, span: Int) {
        state.withLock { state in
            state.startup?.touched(SpanID(layer: layer, span: span), now: .now())
            lookAhead(&state, layer: layer, span: span)
        }
        pump()
    }

    /// Runs `body` soon on the clock's thread, unless the scheduler is stopped before. `stop` waits for it.
    func soon(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.errands.append(body) }
        threads.clock.wake(self)
    }

    /// Completes all layers in the background; `done` is called once all spans are present or given up.
    package func fill(done: @escaping @Sendable () -> Void) {
        state.withLock {
            $0.queue.fill()
            $0.fillDone.append(done)
        }
        pump()
    }

    /// Spans of a layer that were here are not any more: a fill fetches them again.
    func refill(layer: Int) {
        state.withLock { $0.queue.notKept(SpanID(layer: layer, span: 0)) }
        pump()
    }

    private func lookAhead(_ state: inout State, layer index: Int, span: Int) {
        // While the queue is held, the cache can keep no span, so spans that no reader waits for are not fetched.
        guard !state.queue.isHeld else { return }
        let layer = layers[index]
        for next in state.readAhead[index].touched(span, count: layer.count) where !layer.isPresent(next) {
            let key = SpanID(layer: index, span: next)
            guard !state.queue.isWanted(key) else { continue }
            layer.markAhead(next)
            state.queue.want(key, .ahead)
        }
    }

    /// Copies what a read wants of a span that is here.
    func copyCached(_ layer: LazyLayer, _ span: Int, to read: ParkedRead) throws {
        let range = layer.spans.uncompressedRange(span).clamped(to: read.range)
        let start = Int(range.lowerBound - read.range.lowerBound)
        // Clamped to the read's range, so inside its buffer.
        let target = UnsafeMutableRawBufferPointer(rebasing: read.buffer[start..<start + range.count])
        guard try layer.store.data.read(into: target, at: range.lowerBound) == range.count else {
            throw HermesError(
                .corrupt, "\(layer.store.data.path) is too short", advice: "remove the cache folder")
        }
    }

    /// One more part of each read is in its buffer: answers those that are whole.
    func deliver(_ reads: [ParkedRead]) {
        guard !reads.isEmpty else { return }
        let now = Monotonic.now()
        let whole = state.withLock { state in
            reads.filter { read in
                read.missing -= 1
                guard read.missing == 0, !read.isDone else { return false }
                read.isDone = true
                state.waiting -= 1
                state.lastRead = now
                return true
            }
        }
        for read in whole {
            counters.parkedDuration.observe(from: read.start)
            read.finish(nil)
        }
    }

    /// Fails the reads that are not answered yet.
    func fail(_ reads: [ParkedRead], _ error: HermesError) {
        let open = state.withLock { state in
            reads.filter { read in
                guard !read.isDone else { return false }
                read.isDone = true
                state.waiting -= 1
                return true
            }
        }
        counters.failedReads.add(open.count, ordering: .relaxed)
        for read in open {
            counters.parkedDuration.observe(from: read.start)
            read.finish(error)
        }
    }
}
