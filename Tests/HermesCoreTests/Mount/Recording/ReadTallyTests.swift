import HermesTestKit
import Testing

@testable import HermesCore

/// What is counted of reads, and which of them are kept as points.
@Suite struct ReadTallyTests {
    @Test func filesAreCountedApart() throws {
        var tally = ReadTally()
        tally.add(7, at: 1, bytes: 100, seconds: 0.5)
        tally.add(8, at: 1, bytes: 10, seconds: nil)
        // It waited for longer than the other, and came first.
        tally.add(7, at: 0.95, bytes: 50, seconds: 0.75)
        tally.add(7, at: 5, bytes: 1, seconds: nil)
        let file = try #require(tally.files[7])
        #expect(file.first == 0.95 && file.reads == 3 && file.bytes == 151 && file.fetchedBytes == 150)
        #expect(tally.files[8]?.fetchedBytes == 0)
        #expect(
            tally.points() == [
                .init(inode: 7, at: 0.95, bytes: 150, seconds: 0.75), .init(inode: 8, at: 1, bytes: 10, seconds: nil),
                .init(inode: 7, at: 5, bytes: 1, seconds: nil),
            ])
    }

    @Test func readsOfTwoPlacesAreTwoPoints() {
        var tally = ReadTally()
        tally.add(7, at: 1, bytes: 100, seconds: 0.5)
        tally.add(7, at: 1.05, bytes: 20, seconds: nil)
        tally.add(7, at: 1.06, bytes: 3, seconds: nil)
        #expect(tally.points().map(\.bytes) == [100, 23])
        // A point does not grow for longer than its reads are close.
        for count in 1...30 { tally.add(9, at: Double(count) * 0.03, bytes: 1, seconds: nil) }
        #expect(tally.points().filter { $0.inode == 9 }.count == 8)
    }

    /// Whatever the order in which they come, the largest stay, and every byte is counted.
    @Test(arguments: [1, 2, 3]) func theLargestPointsStay(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var tally = ReadTally()
        let count = 5 * ReadTally.pointLimit
        for (place, size) in (1...count).shuffled(using: &random).enumerated() {
            tally.add(UInt64(place % 3), at: Double(place), bytes: Int64(size), seconds: nil)
        }
        let points = tally.points()
        #expect(points.map(\.at) == points.map(\.at).sorted())
        #expect(Set(points.map(\.bytes)) == Set((count - ReadTally.pointLimit + 1...count).map(Int64.init)))
        #expect(tally.files.values.reduce(0) { $0 + $1.reads } == count)
    }
}
