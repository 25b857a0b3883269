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

    @Test func writesShares() {
        #expect(Quantity.percent(1, of: 400) == "0.25 %")
        #expect(Quantity.percent(1, of: 0) == "-")
    }
}
