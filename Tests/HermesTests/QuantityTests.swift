import Testing

@testable import hermes

@Suite struct QuantityTests {
    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (4 << 20, "4.0 MiB"), (5 << 40, "5.0 TiB"),
    ])
    func writesBytes(count: Int64, text: String) { #expect(Quantity.bytes(count) == text) }

    @Test(arguments: [
        (0.4, "0 ms"), (999, "999 ms"), (1500, "1.5 s"), (65_000, "1 m 05 s"),
    ])
    func writesDurations(milliseconds: Double, text: String) {
        #expect(Quantity.duration(milliseconds: milliseconds) == text)
    }

    /// Of what takes less than 10 ms, whole milliseconds say next to nothing.
    @Test(arguments: [
        (0, "0 ms"), (0.000_004, "< 0.01 ms"), (0.000_624, "0.62 ms"), (0.000_996, "1.0 ms"), (0.009_94, "9.9 ms"),
        (0.009_96, "10 ms"),
        (0.3, "300 ms"), (1.5, "1.5 s"),
    ])
    func writesSeconds(seconds: Double, text: String) { #expect(Quantity.duration(seconds: seconds) == text) }

    @Test(arguments: [(0.000_004, "0 ms"), (-0.000_5, "-0.50 ms"), (0.02, "+20 ms"), (-1.5, "-1.5 s")])
    func writesChanges(seconds: Double, text: String) { #expect(Quantity.change(seconds: seconds) == text) }

    @Test func writesShares() {
        #expect(Quantity.percent(1, of: 400) == "0.25 %")
        #expect(Quantity.percent(1, of: 0) == "-")
    }
}
