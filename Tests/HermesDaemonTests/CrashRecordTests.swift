import HermesCore
import Testing

@testable import HermesDaemon

/// When an image is put aside, on a clock of the test's own.
@Suite struct CrashRecordTests {
    private let image = Digest.of([1])
    private let other = Digest.of([2])

    /// The record after crashes at these seconds, each followed by a start of version "1".
    private func record(_ crashes: (Int64, Set<Digest>)...) -> CrashRecord {
        var record = CrashRecord(version: "1")
        for (now, manifests) in crashes {
            record.begin(version: "1", now: now)
            record.crashed(manifests, now: now)
        }
        return record
    }

    @Test func threeCrashesPutItAside() {
        let two = record((0, [image]), (3600, [image, other]))
        #expect(!two.isAside(image, now: 3600))
        let three = record((0, [image]), (3600, [image, other]), (7200, [image]))
        #expect(three.isAside(image, now: 7200))
        #expect(!three.isAside(other, now: 7200))
        #expect(three.crashes(image) == 3 && three.crashes(other) == 1 && three.asideCount(now: 7200) == 1)
    }

    @Test func anHourWithoutACrashIsForgiven() {
        let record = record((0, [image]), (10, [image]), (3611, [image]))
        #expect(record.crashes(image) == 1)
        #expect(!record.isAside(image, now: 3611))
    }

    @Test func itIsTriedAgainAfterAWeek() {
        var record = record((0, [image]), (1, [image]), (2, [image]))
        let end = 2 + CrashRecord.asideTime
        #expect(record.isAside(image, now: end))
        // Also in a run that began before.
        #expect(!record.isAside(image, now: end + 1) && record.asideCount(now: end + 1) == 0)
        record.begin(version: "1", now: end + 1)
        #expect(record.images.isEmpty)
    }

    @Test func anotherVersionBeginsAnew() {
        var record = record((0, [image]), (1, [image]), (2, [image]))
        record.begin(version: "2", now: 3)
        #expect(record == CrashRecord(version: "2"))
    }

    @Test func aClockThatIsSetBackKeepsNothingForEver() {
        var record = record((1_000_000_000, [image]), (1_000_000_000, [image]), (1_000_000_000, [image]))
        record.begin(version: "1", now: 10)
        #expect(record.isAside(image, now: 10))
        #expect(!record.isAside(image, now: 11 + CrashRecord.asideTime))
    }

    @Test func manyCrashesOfOneImageStayCountable() {
        var record = CrashRecord(version: "1")
        for now in 0..<10 { record.crashed([image], now: Int64(now)) }
        #expect(record.crashes(image) == CrashRecord.limit)
    }
}
