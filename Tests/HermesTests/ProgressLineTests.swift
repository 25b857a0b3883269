import HermesCore
import HermesTestKit
import Testing

@testable import HermesSupport
@testable import hermes

@Suite struct ProgressLineTests {
    private let start = Monotonic.now()
    private func look(_ milliseconds: Int, _ present: Int64, _ fetched: Int64, parked: Int = 0) -> ProgressLine.Look {
        ProgressLine.Look(
            time: start.adding(milliseconds: milliseconds), present: present << 20, fetched: fetched << 20,
            parked: parked)
    }

    /// The lines after looks, one after the other.
    private func lines(whole: Int64 = 100, fill: Bool, _ looks: [ProgressLine.Look]) -> [String] {
        var line = ProgressLine(whole: whole << 20, fill: fill)
        return looks.map { line.text($0) }
    }

    @Test func withoutFill() {
        let lines = lines(
            fill: false,
            [look(0, 10, 0), look(1000, 14, 4, parked: 1), look(2000, 14, 4, parked: 2), look(9000, 14, 4)])
        // The speed is that of the last seconds.
        #expect(
            lines == [
                "10 % of 100.0 MiB here, 0 B fetched",
                "14 % of 100.0 MiB here, 4.0 MiB fetched, 4.0 MiB/s, 1 read waiting",
                "14 % of 100.0 MiB here, 4.0 MiB fetched, 2.0 MiB/s, 2 reads waiting",
                "14 % of 100.0 MiB here, 4.0 MiB fetched",
            ])
    }

    @Test func withFill() {
        let lines = lines(fill: true, [look(0, 0, 0), look(2000, 50, 50), look(4000, 100, 100)])
        let bars = [0, 12, 24].map { String(repeating: "#", count: $0) + String(repeating: ".", count: 24 - $0) }
        #expect(
            lines == [
                "[\(bars[0])] 0 % of 100.0 MiB here, 0 B fetched",
                "[\(bars[1])] 50 % of 100.0 MiB here, 50.0 MiB fetched, 25.0 MiB/s, 2.0 s left",
                "[\(bars[2])] 100 % of 100.0 MiB here, 100.0 MiB fetched, 25.0 MiB/s",
            ])
    }

    @Test func emptyImage() {
        #expect(lines(whole: 0, fill: false, [look(0, 0, 0)]) == ["100 % of 0 B here, 0 B fetched"])
    }
}
