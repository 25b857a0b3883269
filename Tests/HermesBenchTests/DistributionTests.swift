import HermesBench
import HermesBenchReport
import Testing

/// The expectations are those of numpy.quantile (its default method) and of the definition of the median absolute deviation.
@Suite struct DistributionTests {
    @Test func nothingHasNoDistribution() { #expect(Distribution([]) == nil) }

    @Test func quantilesAreThoseOfNumPy() throws {
        let values = try #require(Distribution([7, 1, 3, 10, 2]))
        #expect(values.sorted == [1, 2, 3, 7, 10])
        #expect(values.median == 3)
        #expect(values.minimum == 1)
        #expect(values.maximum == 10)
        #expect(values.quantile(0.25) == 2)
        #expect(abs(values.quantile(0.95) - 9.4) < 1e-12)
        #expect(abs(values.quantile(0.99) - 9.88) < 1e-12)
        #expect(try #require(Distribution([1, 2, 3, 10])).median == 2.5)
    }

    @Test func oneValueIsAllQuantiles() throws {
        let one = try #require(Distribution([4.5]))
        #expect([0, 0.5, 0.95, 1].map(one.quantile) == [4.5, 4.5, 4.5, 4.5])
        #expect(one.deviation == 0)
    }

    /// One odd value moves the deviation no more than the median.
    @Test func theDeviationIsTheMedianDistance() throws {
        #expect(try #require(Distribution([1, 2, 3, 7, 1000])).deviation == 2)
        #expect(try #require(Distribution([2, 2, 2, 9])).deviation == 0)
    }

    @Test func theLargestNumbersHaveFiniteQuantiles() throws {
        let large = Double.greatestFiniteMagnitude
        #expect(try #require(Distribution([-large, large])).median == 0)
        #expect(try #require(Distribution([large, large])).median == large)
    }
}
