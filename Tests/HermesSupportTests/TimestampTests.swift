import Testing

@testable import HermesSupport

@Suite struct TimestampTests {
    @Test(arguments: [.min, .min + 1, -1_000_000_001, -1_000_000_000, -1, 0, 1, 999_999_999, .max] as [Int64])
    func nanosecondsComeBack(nanoseconds: Int64) {
        let time = Timestamp(nanosecondsSinceEpoch: nanoseconds)
        #expect((0..<1_000_000_000).contains(time.nanoseconds))
        #expect(time.nanosecondsSinceEpoch == nanoseconds)
    }

    @Test func secondsAreRoundedDown() {
        #expect(Timestamp(nanosecondsSinceEpoch: -1) == Timestamp(seconds: -1, nanoseconds: 999_999_999))
        #expect(Timestamp(nanosecondsSinceEpoch: 1_500_000_000) == Timestamp(seconds: 1, nanoseconds: 500_000_000))
    }

    @Test func whatDoesNotFitIsTheNearest() {
        #expect(Timestamp(seconds: .max, nanoseconds: 999_999_999).nanosecondsSinceEpoch == .max)
        #expect(Timestamp(seconds: .min).nanosecondsSinceEpoch == .min)
        #expect(Timestamp(seconds: 9_223_372_036, nanoseconds: 854_775_808).nanosecondsSinceEpoch == .max)
        #expect(Timestamp(seconds: -9_223_372_037, nanoseconds: 145_224_191).nanosecondsSinceEpoch == .min)
    }
}
