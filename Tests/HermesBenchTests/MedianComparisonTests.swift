import HermesSupport
import Testing

@testable import HermesBench
@testable import HermesBenchReport

@Suite struct MedianComparisonTests {
    private static func compare(_ first: [Double], _ second: [Double]) throws -> MedianComparison {
        MedianComparison(try #require(Distribution(first)), try #require(Distribution(second)))
    }

    /// The first numbers of the reference implementation (prng.di.unimi.it/splitmix64.c) for the seed 1234567.
    @Test func theGeneratorIsSplitMix64() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }

    @Test func theGeneratorReachesAllNumbersBelowAndNoOther() {
        var generator = SplitMix64(seed: 1)
        #expect(Set((0..<1000).map { _ in generator.next(below: 7) }) == Set(0..<7))
        #expect(generator.next(below: 1) == 0)
    }

    @Test func sidesFarApartDiffer() throws {
        let slower = try Self.compare([1, 1.1, 1.2, 1.3, 1.4], [2, 2.2, 2.4, 2.6, 2.8])
        #expect(slower.verdict == .more)
        #expect(slower.difference == 2.4 - 1.2)
        #expect(slower.ratio == 2.4 / 1.2)
        let interval = try #require(slower.differenceInterval)
        // No sample's median is outside of its side.
        #expect(interval.low >= 0.6 - 1e-9 && interval.low < slower.difference)
        #expect(interval.high <= 1.8 + 1e-9 && interval.high > slower.difference)
        let ratio = try #require(slower.ratioInterval)
        #expect(ratio.low > 1 && ratio.low < 2 && ratio.high > 2)
        #expect(try Self.compare([2, 2.2, 2.4, 2.6, 2.8], [1, 1.1, 1.2, 1.3, 1.4]).verdict == .less)
    }

    @Test func sidesThatOverlapAreUndecided() throws {
        let same = try Self.compare([1, 2, 3, 4, 5], [1.5, 2.5, 3.5, 4.5, 5.5])
        #expect(same.verdict == .undecided)
        let interval = try #require(same.differenceInterval)
        #expect(interval.low < 0 && interval.high > 0)
        #expect(try Self.compare([2, 2, 2], [2, 2, 2]).verdict == .undecided)
    }

    @Test func twoStartsAreTooFew() throws {
        let lists: [([Double], [Double])] = [([1, 2], [5, 6, 7]), ([1, 2, 3], [5, 6])]
        for (first, second) in lists {
            let few = try Self.compare(first, second)
            #expect(few.verdict == .tooFew)
            #expect(few.differenceInterval == nil)
            #expect(few.ratioInterval == nil)
        }
        #expect(try Self.compare([1, 2], [5, 6, 7]).difference == 4.5)
    }

    @Test func nothingIsDividedByZero() throws {
        let zero = try Self.compare([0, 0, 0], [1, 1, 1])
        #expect(zero.ratio == nil)
        #expect(zero.ratioInterval == nil)
        #expect(zero.verdict == .more)
        // Some of its samples have the median 0.
        let some = try Self.compare([0, 1, 1], [1, 1, 1])
        #expect(some.ratio == 1)
        #expect(some.ratioInterval == nil)
    }

    @Test func theSameMeasurementsGiveTheSameIntervals() throws {
        let values: [Double] = [3, 1, 4, 1, 5, 9, 2, 6]
        #expect(try Self.compare(values, [2, 7, 1, 8]) == Self.compare(values.reversed(), [8, 1, 7, 2]))
    }

    /// The interval covers the true difference about as often as it says; with 25 measurements of a side the bootstrap comes near.
    @Test func theIntervalCovers() throws {
        var generator = SplitMix64(seed: 7)
        func sample(_ shift: Double) -> [Double] {
            (0..<25).map { _ in shift + Double(generator.next(below: 1_000_000)) / 1e6 }
        }
        var covered = 0
        for _ in 0..<100 {
            let interval = try #require(try Self.compare(sample(0), sample(0.5)).differenceInterval)
            covered += interval.low <= 0.5 && interval.high >= 0.5 ? 1 : 0
        }
        #expect((88...100).contains(covered), "\(covered)")
    }
}
