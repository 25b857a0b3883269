import HermesSupport

/// Decides what becomes of an event: a pure state machine.
///
/// The same event (object, severity, reason, message) within ten minutes of its last time raises the count of the
/// first. No more than `perMinute` writes pass in a minute; an event beyond that is left out, but counted when it comes
/// again.
struct EventLedger: Sendable {
    struct Key: Hashable, Sendable {
        let object: ObjectReference
        let severity: Event.Severity
        let reason: String
        let message: String
    }

    enum Action: Equatable, Sendable {
        case create(Event)
        /// Change the event of this name, which is there already, to this count and time.
        case `repeat`(Event)
    }

    private struct Entry {
        var event: Event
        var last: Monotonic
        /// Whether a write of it passed.
        var isWritten: Bool
    }

    /// Milliseconds within which an event is the same.
    static let period = 600_000.0
    /// The most entries that are kept; the oldest goes.
    static let entryLimit = 1024

    private let perMinute: Int
    private var entries: [Key: Entry] = [:]
    private var minute: Monotonic?
    private var writes = 0

    init(perMinute: Int) { self.perMinute = perMinute }

    var entryCount: Int { entries.count }

    /// What to write for an event; nil for nothing. `now` and `time` are the same moment on two clocks, and `suffix`
    /// makes the name of a new event one that no other has.
    mutating func record(
        _ key: Key, component: String, now: Monotonic, time: Timestamp, suffix: UInt64
    ) -> Action? {
        let object = key.object
        // Another version of an object is the same object.
        let key = Key(object: object.withoutVersion, severity: key.severity, reason: key.reason, message: key.message)
        var entry = Entry(
            event: Self.event(key, object, component, time: time, suffix: suffix), last: now, isWritten: false)
        if let known = entries[key], now.milliseconds(since: known.last) < Self.period {
            entry.event = known.event
            entry.event.count += 1
            entry.event.lastTimestamp = time.kubernetesTime
            entry.isWritten = known.isWritten
        }
        let isRepeat = entry.isWritten
        let passes = passes(now)
        entry.isWritten = isRepeat || passes
        entries[key] = entry
        if entries.count > Self.entryLimit { dropOldest(now) }
        guard passes else { return nil }
        return isRepeat ? .repeat(entry.event) : .create(entry.event)
    }

    private static func event(
        _ key: Key, _ object: ObjectReference, _ component: String, time: Timestamp, suffix: UInt64
    ) -> Event {
        // The server takes names of up to 253 characters.
        let name = "\(object.name.prefix(230)).\(String(suffix, radix: 16))"
        return Event(
            // An event of a kind of the whole cluster has to be in "default".
            metadata: ObjectMeta(name: name, namespace: object.namespace ?? "default"), involvedObject: object,
            reason: key.reason, message: key.message.printable(1024), type: key.severity,
            source: .init(component: component), firstTimestamp: time.kubernetesTime,
            lastTimestamp: time.kubernetesTime, count: 1)
    }

    private mutating func passes(_ now: Monotonic) -> Bool {
        if minute.map({ now.milliseconds(since: $0) >= 60_000 }) ?? true {
            minute = now
            writes = 0
        }
        guard writes < perMinute else { return false }
        writes += 1
        return true
    }

    private mutating func dropOldest(_ now: Monotonic) {
        entries = entries.filter { now.milliseconds(since: $0.value.last) < Self.period }
        guard entries.count > Self.entryLimit, let oldest = entries.min(by: { $0.value.last < $1.value.last }) else {
            return
        }
        entries[oldest.key] = nil
    }
}

extension ObjectReference {
    fileprivate var withoutVersion: ObjectReference {
        var reference = self
        reference.resourceVersion = nil
        return reference
    }
}
