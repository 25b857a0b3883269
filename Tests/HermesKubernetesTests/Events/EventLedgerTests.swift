import HermesSupport
import Testing

@testable import HermesKubernetes

/// On a clock of the test's own.
@Suite struct EventLedgerTests {
    private let start = Monotonic.now()
    private let time = Timestamp(seconds: 1_800_000_000)

    private func key(
        _ name: String = "a", namespace: String? = "n", version: String = "1", reason: String = "Reason",
        message: String = "text"
    ) -> EventLedger.Key {
        var metadata = ObjectMeta(name: name, namespace: namespace)
        metadata.resourceVersion = version
        let object = ObjectReference(apiVersion: "v1", kind: "Pod", metadata)
        return .init(object: object, severity: .warning, reason: reason, message: message)
    }

    private func record(
        _ ledger: inout EventLedger, _ key: EventLedger.Key, atMinute minutes: Double = 0, suffix: UInt64 = 10
    ) -> EventLedger.Action? {
        let now = start.adding(milliseconds: Int(minutes * 60_000))
        let time = Timestamp(seconds: time.seconds + Int64(minutes * 60))
        return ledger.record(key, component: "hermes", now: now, time: time, suffix: suffix)
    }

    private func written(_ action: EventLedger.Action?, isRepeat: Bool) -> Event? {
        switch action {
        case .create(let event): isRepeat ? nil : event
        case .repeat(let event): isRepeat ? event : nil
        case nil: nil
        }
    }

    @Test func anEventHasWhatKubectlShows() throws {
        var ledger = EventLedger(perMinute: 10)
        let event = try #require(written(record(&ledger, key()), isRepeat: false))
        #expect(event.metadata.name == "a.a" && event.metadata.namespace == "n")
        #expect(event.involvedObject.resourceVersion == "1" && event.involvedObject.kind == "Pod")
        #expect(event.firstTimestamp == "2027-01-15T08:00:00Z" && event.lastTimestamp == event.firstTimestamp)
        #expect(event.count == 1 && event.type == .warning && event.source.component == "hermes")
        #expect(event.reason == "Reason" && event.message == "text")
    }

    @Test func anEventOfTheClusterIsInDefault() throws {
        var ledger = EventLedger(perMinute: 10)
        let event = try #require(written(record(&ledger, key(namespace: nil)), isRepeat: false))
        #expect(event.metadata.namespace == "default" && event.involvedObject.namespace == nil)
    }

    /// Each time within ten minutes of the last one, whatever the object's version.
    @Test func aRepeatedEventIsCounted() throws {
        var ledger = EventLedger(perMinute: 10)
        _ = record(&ledger, key())
        for number in 1...5 {
            let action = record(&ledger, key(version: "\(number)"), atMinute: Double(number) * 9.9, suffix: 99)
            let again = try #require(written(action, isRepeat: true))
            #expect(again.count == number + 1 && again.metadata.name == "a.a")
            #expect(again.firstTimestamp == "2027-01-15T08:00:00Z" && again.lastTimestamp > again.firstTimestamp)
        }
        let late = record(&ledger, key(), atMinute: 5 * 9.9 + 10, suffix: 99)
        #expect(written(late, isRepeat: false)?.count == 1)
    }

    @Test func anotherEventIsAnother() {
        var ledger = EventLedger(perMinute: 10)
        for key in [key(), key("b"), key(namespace: "m"), key(reason: "Other"), key(message: "other")] {
            #expect(written(record(&ledger, key), isRepeat: false) != nil)
        }
        #expect(ledger.entryCount == 5)
    }

    @Test func aMinuteHasABound() {
        var ledger = EventLedger(perMinute: 3)
        for _ in 0..<3 { #expect(record(&ledger, key()) != nil) }
        for _ in 0..<7 { #expect(record(&ledger, key()) == nil) }
        #expect(record(&ledger, key("new")) == nil)
        // What was left out is counted all the same, and what was never written is written then.
        #expect(written(record(&ledger, key(), atMinute: 1), isRepeat: true)?.count == 11)
        #expect(written(record(&ledger, key("new"), atMinute: 1), isRepeat: false)?.count == 2)
    }

    @Test func memoryHasABound() {
        var ledger = EventLedger(perMinute: 1_000_000)
        for number in 0..<3000 { _ = record(&ledger, key("\(number)"), atMinute: Double(number) / 1000) }
        #expect(ledger.entryCount == EventLedger.entryLimit)
        // The newest are still known.
        #expect(written(record(&ledger, key("2999"), atMinute: 3), isRepeat: true) != nil)
        #expect(written(record(&ledger, key("0"), atMinute: 3), isRepeat: true) == nil)
    }

    @Test func hostileTextsAreBounded() throws {
        var ledger = EventLedger(perMinute: 10)
        let long = String(repeating: "x", count: 100_000)
        let event = try #require(
            written(record(&ledger, key(long, message: "\u{1b}\(long)"), suffix: .max), isRepeat: false))
        #expect(event.metadata.name.utf8.count <= 253)
        #expect(event.message.utf8.count <= 1024 && event.message.hasPrefix("?x"))
    }
}
